using System.Globalization;
using System.Text.Json.Serialization;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>Which numbers stand for which tissue in the segmentation files of a data set; 0 is always background.</summary>
/// <param name="NecrosisLabel">Necrosis and non-enhancing tumor.</param>
/// <param name="EdemaLabel">Peritumoral edema.</param>
/// <param name="EnhancingLabel">Enhancing tumor.</param>
public sealed record BraTSLabelConvention(int NecrosisLabel, [property: JsonPropertyName("OedemaLabel")] int EdemaLabel, int EnhancingLabel)
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

    /// <summary>
    /// The convention of a segmentation of the BraTS challenges: enhancing tumor is 4 where a 4 occurs, 3 where a 3 occurs, and
    /// <paramref name="fallback"/> where neither does (a case without enhancing tumor).
    /// </summary>
    /// <exception cref="InvalidDataException">Both 3 and 4 occur, so that neither can be taken for enhancing tumor.</exception>
    public static BraTSLabelConvention Detect(LabelVolume segmentation, BraTSLabelConvention fallback)
    {
        ArgumentNullException.ThrowIfNull(segmentation);
        ArgumentNullException.ThrowIfNull(fallback);
        return Detect(segmentation.Voxels.AsSpan().Contains(3), segmentation.Voxels.AsSpan().Contains(4), fallback);
    }

    /// <summary>The convention of a segmentation of which it is known whether the labels 3 and 4 occur.</summary>
    internal static BraTSLabelConvention Detect(bool three, bool four, BraTSLabelConvention fallback) => (three, four) switch
    {
        (true, true) => throw new InvalidDataException(
            "The segmentation holds both label 3 and label 4, so it is unclear which of them is enhancing tumor; set the enhancing label."),
        (true, false) => BraTS2023,
        (false, true) => BraTS2018,
        _ => fallback,
    };

    /// <summary>The three labels. Caches of prepared images are found by this text, so its spelling is that of those that are on disk.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"BraTSLabelConvention {{ NecrosisLabel = {NecrosisLabel}, OedemaLabel = {EdemaLabel}, EnhancingLabel = {EnhancingLabel} }}");

    /// <summary>Labels on disk to classes 0 to 3 (background, necrosis, edema, enhancing tumor), x fastest.</summary>
    /// <exception cref="InvalidDataException">A label is none of this convention's; the message names all such labels.</exception>
    public byte[] ToClasses(LabelVolume segmentation)
    {
        ArgumentNullException.ThrowIfNull(segmentation);
        int[] labels = segmentation.Voxels;
        byte[] classes = new byte[labels.Length];
        SortedSet<int> unknown = [];
        for (int i = 0; i < labels.Length; i++)
        {
            int label = labels[i];
            if (label == 0)
                continue;
            if (ClassOf(label) is byte known)
                classes[i] = known;
            else
                unknown.Add(label);
        }

        RequireNone(unknown);
        return classes;
    }

    /// <summary>The class of a label; null if it is none of this convention's.</summary>
    internal byte? ClassOf(int label) => label switch
    {
        0 => BackgroundClass,
        _ when label == NecrosisLabel => NecrosisClass,
        _ when label == EdemaLabel => EdemaClass,
        _ when label == EnhancingLabel => EnhancingClass,
        _ => null,
    };

    /// <summary>Refuses labels that are none of this convention's.</summary>
    internal void RequireNone(SortedSet<int> unknown)
    {
        if (unknown.Count > 0)
        {
            throw new InvalidDataException($"The segmentation holds unknown labels ({string.Join(", ", unknown.Take(5))}{(unknown.Count > 5 ? ", …" : "")}); "
                + $"expected 0, {NecrosisLabel} (necrosis and non-enhancing tumor), {EdemaLabel} (edema) and {EnhancingLabel} (enhancing tumor).");
        }
    }

    /// <summary>Classes 0 to 3 back to the labels of this convention.</summary>
    /// <exception cref="ArgumentException">There are fewer or more classes than voxels, or one is above 3.</exception>
    public LabelVolume ToLabels(VolumeGrid grid, ReadOnlySpan<byte> classes)
    {
        ArgumentNullException.ThrowIfNull(grid);
        Span<int> labels = [0, NecrosisLabel, EdemaLabel, EnhancingLabel];
        int[] voxels = new int[classes.Length];
        for (int i = 0; i < classes.Length; i++)
        {
            if (classes[i] > EnhancingClass)
            {
                throw new ArgumentException(
                    $"Class {classes[i]} at voxel {i} is none of 0 (background), 1 (necrosis), 2 (edema) and 3 (enhancing tumor).", nameof(classes));
            }

            voxels[i] = labels[classes[i]];
        }

        return new LabelVolume(grid, voxels);
    }
}
