using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>What an objective is made from.</summary>
/// <param name="Weights">Its weights.</param>
/// <param name="Modalities">The modalities that the network sees.</param>
/// <param name="Teachers">The number of teachers.</param>
/// <param name="SpatialDimensions">3 for volumes, 2 for slices.</param>
/// <param name="Device">Where losses that learn have their parameters.</param>
internal sealed record ObjectiveInputs(DistillationWeights Weights, IReadOnlyList<string> Modalities, int Teachers, int SpatialDimensions, Device Device)
{
    public double Lambda => Weights.Lambda!.Value;

    public double Temperature => Weights.Temperature!.Value;

    public double Alpha => Weights.Alpha!.Value;
}
