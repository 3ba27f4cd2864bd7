using System.Text.Json.Serialization;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>How many voxels of each part of the tumor a case has, and how many of them the crop keeps; at the original resolution.</summary>
/// <param name="Necrosis">Necrosis and non-enhancing tumor, in the whole volume.</param>
/// <param name="Edema">Edema, in the whole volume.</param>
/// <param name="Enhancing">Enhancing tumor, in the whole volume.</param>
/// <param name="Kept">Tumor of any kind inside the crop.</param>
public sealed record TumorVoxels(int Necrosis, [property: JsonPropertyName("Oedema")] int Edema, int Enhancing, int Kept)
{
    /// <summary>Tumor of any kind in the whole volume.</summary>
    public int Total => Necrosis + Edema + Enhancing;

    /// <summary>The share of tumor voxels that the crop cuts off, 0 to 1; 0 where there is no tumor.</summary>
    public double LostShare => Total == 0 ? 0 : (Total - Kept) / (double)Total;
}
