using KnowledgeDistillation.Labels;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>The classes that a network for BraTS distinguishes, and the regions (unions of classes) that are scored.</summary>
public static class BraTSRegions
{
    /// <summary>Enhancing tumor, ET.</summary>
    public static Region EnhancingTumor { get; } = new("ET", BraTSLabelConvention.EnhancingClass);

    /// <summary>Tumor core, TC: enhancing tumor and necrosis.</summary>
    public static Region TumorCore { get; } = new("TC", BraTSLabelConvention.NecrosisClass, BraTSLabelConvention.EnhancingClass);

    /// <summary>Whole tumor, WT: the core and the edema around it.</summary>
    public static Region WholeTumor { get; } =
        new("WT", BraTSLabelConvention.NecrosisClass, BraTSLabelConvention.EdemaClass, BraTSLabelConvention.EnhancingClass);

    /// <summary>ET, TC, WT, in the order of the paper's tables.</summary>
    public static IReadOnlyList<Region> All { get; } = [EnhancingTumor, TumorCore, WholeTumor];

    /// <summary>
    /// Background, necrosis, edema and enhancing tumor, each voxel one of them; the channels are the classes of <see cref="BraTSLabelConvention"/>.
    /// </summary>
    public static ExclusiveClasses Classes { get; } = new("background", "necrosis", "oedema", "enhancing tumour");
}
