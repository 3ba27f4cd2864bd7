using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>What a reproduction trains on request beside the paper's tables.</summary>
public static class ReproductionVariants
{
    /// <summary>Teacher, baseline and student as other networks, by the name of the network; then the systems that are in none of the paper's tables.</summary>
    public static IReadOnlyList<string> Names =>
    [
        .. NetworkNames.OfVolumes.Where(network => network != NetworkNames.UNet).Select(network => network.ToLowerInvariant()),
        .. SegmentationSystems.All.Where(system => system.Table == PaperTable.None).Select(system => system.Name),
    ];

    /// <summary>The modalities that baseline and student can see in place of T1ce.</summary>
    public static IReadOnlyList<string> Modalities { get; } = [.. BraTSModality.All.Where(modality => modality != BraTSModality.T1ce)];

    /// <summary>The network of a variant; null where the variant is a system.</summary>
    internal static string? NetworkOf(string variant) =>
        NetworkNames.OfVolumes.FirstOrDefault(network => network.Equals(variant, StringComparison.OrdinalIgnoreCase));
}
