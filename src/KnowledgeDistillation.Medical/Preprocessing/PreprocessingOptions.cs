using System.Globalization;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// How a case becomes the input of a network. The defaults are the paper's choices where it states them ("a central crop of size 128×128×128",
/// "only non-zero voxels have been normalized", "we subsample the images to the size 64×64×64"). Immutable.
/// </summary>
public sealed record PreprocessingOptions
{
    /// <summary>The modalities to prepare. Default: the four of the paper's data set, BraTS: t1, t1ce, t2, flair.</summary>
    public IReadOnlyList<string> Modalities { get; init; } = ["t1", "t1ce", "t2", "flair"];

    /// <summary>The point around which to crop or pad. Default: the center of the volume.</summary>
    public CropCenter CropCenter { get; init; } = CropCenter.Volume;

    /// <summary>
    /// The size in voxels of the original resolution to which each case is cropped or padded with zeros; a multiple of
    /// <see cref="SubsamplingFactor"/>. Default 128×128×128. Null: nothing is cropped; the whole volume, or with
    /// <see cref="CropCenter.Brain"/> the whole box around the brain, is padded up to <see cref="SizeMultiple"/>. Cases then
    /// differ in size, so that they can only be used one at a time.
    /// </summary>
    public VolumeSize? CropSize { get; init; } = VolumeSize.Cube(128);

    /// <summary>
    /// Where <see cref="CropSize"/> is null, the size after subsampling is padded to a multiple of this, 1 to 128. Default 16: a U-Net of 5 resolutions
    /// halves it four times.
    /// </summary>
    public int SizeMultiple { get; init; } = 16;

    /// <summary>
    /// The edge of the block of voxels that becomes one, 1 (none) to 8: the mean of images, the nearest voxel of labels. Default 2.
    /// </summary>
    public int SubsamplingFactor { get; init; } = 2;

    internal void Validate()
    {
        List<string> faults = [];
        if (Modalities.Count == 0)
            faults.Add($"{nameof(Modalities)} is empty, but at least one is needed");
        if (Modalities.Distinct(StringComparer.Ordinal).Count() != Modalities.Count)
            faults.Add($"{nameof(Modalities)} holds a name twice ({string.Join(", ", Modalities)})");
        if (SubsamplingFactor is < 1 or > 8)
            faults.Add($"{nameof(SubsamplingFactor)} is {SubsamplingFactor}, but must lie in 1 .. 8");
        if (SizeMultiple is < 1 or > 128)
            faults.Add($"{nameof(SizeMultiple)} is {SizeMultiple}, but must lie in 1 .. 128");
        if (!Enum.IsDefined(CropCenter))
            faults.Add($"{nameof(CropCenter)} is {CropCenter}, which is not defined");
        if (CropSize is { } size)
        {
            if (size.X < 1 || size.Y < 1 || size.Z < 1 || (Int128)size.X * size.Y * size.Z > Array.MaxLength)
                faults.Add($"{nameof(CropSize)} is {size}, but must be at least 1 along each axis and fit an array");
            else if (SubsamplingFactor >= 1 && (size.X % SubsamplingFactor != 0 || size.Y % SubsamplingFactor != 0 || size.Z % SubsamplingFactor != 0))
                faults.Add($"{nameof(CropSize)} is {size}, but must be a multiple of {nameof(SubsamplingFactor)} ({SubsamplingFactor}) along each axis");
        }

        OptionFaults.ThrowIfAny(nameof(PreprocessingOptions), faults);
    }

    /// <summary>A text that differs whenever two sets of options give different results.</summary>
    // The spelling of the caches that are on disk.
    internal string ToKey() => string.Create(
        CultureInfo.InvariantCulture,
        $"modalities={string.Join(',', Modalities)};centre={CropCenter};crop={(CropSize is { } size ? size.ToString() : $"multiple of {SizeMultiple}")};"
            + $"factor={SubsamplingFactor}");
}
