using System.Globalization;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// How a case becomes the input of a network. The defaults are the paper's choices where it states them ("a central crop of size 128×128×128",
/// "only non-zero voxels have been normalized", "we subsample the images to the size 64×64×64"). Immutable.
/// </summary>
public sealed record PreprocessingOptions
{
    // One for all, so that options that name no normalization are equal.
    private static readonly Dictionary<string, Normalization> None = [];

    /// <summary>The modalities to prepare. Default: the four of the paper's data set, BraTS: t1, t1ce, t2, flair.</summary>
    public IReadOnlyList<string> Modalities { get; init; } = ["t1", "t1ce", "t2", "flair"];

    /// <summary>
    /// The size in mm, along right, anterior and superior, to which voxels are brought before the crop, 0.01 to 100 each: images by linear interpolation,
    /// labels by the class that has the largest interpolated share. Default null: voxels stay as they are. For voxels that become much larger, a
    /// <see cref="SubsamplingFactor"/> is better, which takes means.
    /// </summary>
    public Spacing? Spacing { get; init; }

    /// <summary>The point around which to crop or pad. Default: the center of the volume.</summary>
    public CropCenter CropCenter { get; init; } = CropCenter.Volume;

    /// <summary>
    /// The size in voxels, of the original resolution or of <see cref="Spacing"/>, to which each case is cropped or padded with zeros; a multiple of
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

    /// <summary>
    /// The value of the voxels around the head where it is not 0: they become 0, and all others are moved by as much. Default null: it is 0, as in every
    /// skull-stripped data set.
    /// </summary>
    public ImageBackground? Background { get; init; }

    /// <summary>Whether voxels that are not a number, as some tools leave air, are taken for background. Default false: they are refused.</summary>
    public bool NaNIsZero { get; init; }

    /// <summary>
    /// How each modality is normalized, by its name; those that are not named as the paper does: <see cref="Normalization.ZScoreNonZero"/>. Default empty.
    /// </summary>
    public IReadOnlyDictionary<string, Normalization> Normalizations { get; init; } = None;

    /// <summary>How a modality is normalized.</summary>
    public Normalization NormalizationOf(string modality) => Normalizations.GetValueOrDefault(modality, Normalization.ZScoreNonZero);

    internal void Validate() => new OptionFaults(nameof(PreprocessingOptions))
        .Require(Modalities.Count > 0, $"{nameof(Modalities)} must hold at least one name, but is empty.")
        .Require(
            Modalities.Distinct(StringComparer.Ordinal).Count() == Modalities.Count,
            $"{nameof(Modalities)} must hold each name once, but is {string.Join(", ", Modalities)}.")
        .Require(
            Spacing is not { } spacing || new[] { spacing.X, spacing.Y, spacing.Z }.All(length => length is >= 0.01 and <= 100),
            $"{nameof(Spacing)} must be from 0.01 to 100 mm along each axis, but is {Spacing?.ToText()}.")
        .Require(SubsamplingFactor is >= 1 and <= 8, $"{nameof(SubsamplingFactor)} must be from 1 to 8, but is {SubsamplingFactor}.")
        .Require(SizeMultiple is >= 1 and <= 128, $"{nameof(SizeMultiple)} must be from 1 to 128, but is {SizeMultiple}.")
        .Require(Enum.IsDefined(CropCenter), $"{nameof(CropCenter)} has no value {CropCenter}.")
        .Require(
            CropSize is not { } size || (size.X >= 1 && size.Y >= 1 && size.Z >= 1 && (Int128)size.X * size.Y * size.Z <= Array.MaxLength),
            $"{nameof(CropSize)} must be at least 1 along each axis and fit an array, but is {CropSize}.")
        .Require(
            SubsamplingFactor < 1 || CropSize is not { } crop
                || (crop.X % SubsamplingFactor == 0 && crop.Y % SubsamplingFactor == 0 && crop.Z % SubsamplingFactor == 0),
            $"{nameof(CropSize)} must be a multiple of {nameof(SubsamplingFactor)} ({SubsamplingFactor}) along each axis, but is {CropSize}.")
        .ThrowIfAny();

    /// <summary>A text that differs whenever two sets of options give different results.</summary>
    // The spelling of the caches that are on disk.
    internal string ToKey() => string.Create(
        CultureInfo.InvariantCulture,
        $"modalities={string.Join(',', Modalities)};centre={CropCenter};crop={(CropSize is { } size ? size.ToString() : $"multiple of {SizeMultiple}")};"
            + $"factor={SubsamplingFactor}{(Background is null ? "" : $";background={Background}")}{(NaNIsZero ? ";nan=0" : "")}"
            + $"{(Spacing is { } spacing ? $";spacing={spacing.ToText()}" : "")}{NormalizationKey()}");

    // Only where it is not the default, and only of the modalities that are prepared.
    private string NormalizationKey() => string.Concat(Modalities.Where(name => NormalizationOf(name) != Normalization.ZScoreNonZero)
        .Select(name => $";{name}:{NormalizationOf(name)}"));
}
