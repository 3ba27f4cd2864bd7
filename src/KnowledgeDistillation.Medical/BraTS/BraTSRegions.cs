namespace KnowledgeDistillation.Medical;

/// <summary>The classes that a network for BraTS tells apart, and the regions, unions of them, that are scored.</summary>
public static class BraTSRegions
{
    /// <summary>Enhancing tumour, ET.</summary>
    public static Region EnhancingTumour { get; } = new("ET", BraTSLabelConvention.EnhancingClass);

    /// <summary>Tumour core, TC: enhancing tumour and necrosis.</summary>
    public static Region TumourCore { get; } = new("TC", BraTSLabelConvention.NecrosisClass, BraTSLabelConvention.EnhancingClass);

    /// <summary>Whole tumour, WT: the core and the oedema around it.</summary>
    public static Region WholeTumour { get; } = new("WT", BraTSLabelConvention.NecrosisClass, BraTSLabelConvention.OedemaClass, BraTSLabelConvention.EnhancingClass);

    /// <summary>ET, TC, WT, in the order of the paper's tables.</summary>
    public static IReadOnlyList<Region> All { get; } = [EnhancingTumour, TumourCore, WholeTumour];

    /// <summary>Background, necrosis, oedema and enhancing tumour, each voxel one of them; the channels are the classes of <see cref="BraTSLabelConvention"/>.</summary>
    public static ExclusiveClasses Classes { get; } = new("background", "necrosis", "oedema", "enhancing tumour");
}
