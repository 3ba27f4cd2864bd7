using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Losses;

/// <summary>The choices that <see cref="ReconstructionLoss"/> leaves open.</summary>
public sealed record ReconstructionOptions
{
    /// <summary>How two images are compared. Default <see cref="ReconstructionDistance.Squared"/>, as in U-HVED.</summary>
    public ReconstructionDistance Distance { get; init; } = ReconstructionDistance.Squared;

    internal OptionFaults Faults() => new OptionFaults(nameof(ReconstructionOptions))
        .Require(Enum.IsDefined(Distance), $"Distance has no value {Distance}.");
}
