namespace KnowledgeDistillation.Medical;

/// <summary>How many voxels of each part of the tumour a case has, and how many of them the crop keeps; at the original resolution.</summary>
/// <param name="Necrosis">Necrosis and non-enhancing tumour, in the whole volume.</param>
/// <param name="Oedema">Oedema, in the whole volume.</param>
/// <param name="Enhancing">Enhancing tumour, in the whole volume.</param>
/// <param name="Kept">Tumour of any kind inside the crop.</param>
public sealed record TumourVoxels(int Necrosis, int Oedema, int Enhancing, int Kept)
{
    /// <summary>Tumour of any kind in the whole volume.</summary>
    public int Total => Necrosis + Oedema + Enhancing;

    /// <summary>The share of tumour voxels that the crop cuts off, 0 to 1; 0 where there is no tumour.</summary>
    public double LostShare => Total == 0 ? 0 : (Total - Kept) / (double)Total;
}
