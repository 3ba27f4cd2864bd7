using System.Globalization;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>Which numbers stand for which tissue in the segmentation files of a data set; 0 is always background.</summary>
/// <param name="NecrosisLabel">Necrosis and non-enhancing tumor.</param>
/// <param name="EdemaLabel">Peritumoral edema.</param>
/// <param name="EnhancingLabel">Enhancing tumor.</param>
public sealed record BraTSLabelConvention(int NecrosisLabel, int EdemaLabel, int EnhancingLabel)
{
    /// <summary>The class of background in the arrays that a network is trained with.</summary>
    public const int BackgroundClass = 0;

    /// <summary>The class of necrosis and non-enhancing tumor.</summary>
    public const int NecrosisClass = 1;

    /// <summary>The class of edema.</summary>
    public const int EdemaClass = 2;

    /// <summary>The class of enhancing tumor.</summary>
    public const int EnhancingClass = 3;

    /// <summary>BraTS 2017 to 2021: necrosis 1, edema 2, enhancing tumor 4.</summary>
    public static BraTSLabelConvention BraTS2018 { get; } = new(1, 2, 4);

    /// <summary>BraTS 2023 and later: necrosis 1, edema 2, enhancing tumor 3.</summary>
    public static BraTSLabelConvention BraTS2023 { get; } = new(1, 2, 3);

    /// <summary>Task01 of the Medical Segmentation Decathlon: edema 1, non-enhancing tumor 2, enhancing tumor 3.</summary>
    public static BraTSLabelConvention MedicalSegmentationDecathlon { get; } = new(2, 1, 3);

    /// <summary>The classes with their labels.</summary>
    /// <exception cref="ArgumentException">Two labels are equal, or one is 0.</exception>
    public LabelMap Map => new(("necrosis and non-enhancing tumor", NecrosisLabel), ("edema", EdemaLabel), ("enhancing tumor", EnhancingLabel));

    /// <summary>
    /// The convention of a segmentation of the BraTS challenges: enhancing tumor is 4 where a 4 occurs, 3 where a 3 occurs, and
    /// <paramref name="fallback"/> where neither does (a case without enhancing tumor).
    /// </summary>
    /// <param name="present">The labels that occur in the segmentation.</param>
    /// <param name="fallback">The convention where neither 3 nor 4 occurs.</param>
    /// <exception cref="InvalidDataException">Both 3 and 4 occur, so that neither can be taken for enhancing tumor.</exception>
    public static BraTSLabelConvention Detect(IReadOnlySet<int> present, BraTSLabelConvention fallback)
    {
        ArgumentNullException.ThrowIfNull(present);
        ArgumentNullException.ThrowIfNull(fallback);
        return (present.Contains(3), present.Contains(4)) switch
        {
            (true, true) => throw new InvalidDataException(
                "The segmentation holds both label 3 and label 4, so it is unclear which of them is enhancing tumor; set the enhancing label."),
            (true, false) => BraTS2023,
            (false, true) => BraTS2018,
            _ => fallback,
        };
    }

    /// <summary>The three labels. Caches of prepared images are found by this text, so its spelling is that of those that are on disk.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"BraTSLabelConvention {{ NecrosisLabel = {NecrosisLabel}, OedemaLabel = {EdemaLabel}, EnhancingLabel = {EnhancingLabel} }}");
}
