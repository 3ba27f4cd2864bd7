using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Turns a case into the input of a network: reorientation to RAS; each modality minus the mean, divided by the (population) standard
/// deviation, of its non-zero voxels in the whole volume, background staying 0; resampling to a spacing where one is asked for, images linearly, labels by
/// the class that has the largest linearly interpolated share; crop or pad; subsampling, images by the mean of each block, labels by its nearest voxel.
/// </summary>
/// <remarks>
/// With an even factor no voxel lies at the center of a block, and eight are equally near; labels then take the one towards the origin
/// (right of the middle would be as good), as nearest-neighbor resampling in torch does: voxel ⌊(factor - 1) / 2⌋ of the block along each axis.
/// Where crop and volume differ by an odd number of voxels, the odd one is cut or padded at the end. Safe to use from several threads.
/// </remarks>
public sealed class Preprocessor
{
    /// <summary>Makes a preprocessor.</summary>
    /// <exception cref="ArgumentException">An option is wrong; the message names all that are.</exception>
    public Preprocessor(PreprocessingOptions? options = null)
    {
        Options = options ?? new();
        Options.Validate();
    }

    /// <summary>The options.</summary>
    public PreprocessingOptions Options { get; }

    /// <summary>Loads and preprocesses a case.</summary>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, labels are unknown, or an image is empty or not finite;
    /// the message names the case.</exception>
    public PreprocessedCase Process(ImageCase source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Process(source.Id, source.LoadStored(Options.Modalities));
    }

    /// <summary>Preprocesses a case that is in memory.</summary>
    /// <param name="id">The name of the case, for messages.</param>
    /// <param name="volumes">Its images.</param>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    /// <exception cref="InvalidDataException">Labels are unknown, or an image is empty or not finite; the message names the case.</exception>
    public PreprocessedCase Process(string id, CaseVolumes volumes)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentNullException.ThrowIfNull(volumes);
        foreach (string name in Options.Modalities.Where(name => !volumes.Images.ContainsKey(name)))
            throw new ArgumentException($"Case {id} has no modality '{name}'; it has: {string.Join(", ", volumes.Images.Keys)}.", nameof(volumes));

        return Process(id, StoredCase.Of(volumes, Options.Modalities));
    }

    /// <summary>Looks at the voxels of all images of a case (those of the options) and counts its labels, without preparing anything.</summary>
    internal CaseExamination Examine(ImageCase source)
    {
        StoredCase stored = source.LoadStored(Options.Modalities).Cleaned(Options);
        Reorientation toRas = new(stored.Grid, Orientation.RAS);
        Dictionary<int, (int All, int Kept)>? labels = null;
        if (stored.Segmentation is not null)
        {
            OrientedVoxels[] images = Options.CropCenter == CropCenter.Brain ? [.. stored.Images.Select(image => OrientedVoxels.OfImage(image, toRas))] : [];
            labels = SegmentationPreparation.Count(
                OrientedVoxels.OfLabels(stored.Segmentation, toRas), Geometry(stored.Grid, toRas.Target, images));
        }

        return new CaseExamination(
            stored.Grid,
            Options.Modalities.Zip(stored.Images)
                .ToDictionary(pair => pair.First, pair => Examined(pair.First, pair.Second, stored.Grid.Size), StringComparer.Ordinal),
            labels);
    }

    // Where 0 is a value like any other, nothing is wrong with another one on the border.
    private ImageExamination Examined(string modality, StoredVoxels voxels, VolumeSize size) =>
        ImageExamination.Of(voxels, size) is var seen && Options.NormalizationOf(modality).ZeroIsBackground ? seen : seen with { Border = 0 };

    private PreprocessedCase Process(string id, StoredCase source)
    {
        source = source.Cleaned(Options);
        Reorientation toRas = new(source.Grid, Orientation.RAS);
        OrientedVoxels[] images = new OrientedVoxels[source.Images.Length];
        ParallelWork.For(images.Length, images.Length, i => images[i] = OrientedVoxels.OfImage(source.Images[i], toRas));
        PreprocessingGeometry geometry = Geometry(source.Grid, toRas.Target, images);

        float[][] prepared = new float[images.Length][];
        float[] borders = new float[images.Length];
        (byte[]? Classes, ForegroundVoxels? Foreground, LabelMap? Labels) segmentation = default;
        ParallelWork.For(images.Length + 1, images.Length + 1, i =>
        {
            if (i == images.Length)
            {
                segmentation = PrepareSegmentation(id, source, toRas, geometry);
                return;
            }

            Normalization normalization = Options.NormalizationOf(Options.Modalities[i]);
            if (normalization.ZeroIsBackground)
            {
                prepared[i] = ImagePreparation.Subsample(images[i], geometry, Statistics(id, Options.Modalities[i], images[i], source.Images[i]));
                borders[i] = BorderValue.Of(source.Images[i], source.Grid.Size);
            }
            else
            {
                if (ImageExamination.Of(source.Images[i], source.Grid.Size).Fault is { } fault)
                    throw new InvalidDataException($"Case {id}: the image {Options.Modalities[i]} {fault}.");
                prepared[i] = ImagePreparation.Subsample(images[i], geometry, normalization);
            }
        });
        return new PreprocessedCase(
            id,
            Options.Modalities.Zip(prepared).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal),
            segmentation.Classes,
            geometry,
            segmentation.Labels!,
            segmentation.Foreground,
            Options.Modalities.Zip(borders).Where(pair => pair.Second != 0).ToDictionary(StringComparer.Ordinal));
    }

    private static ImageStatistics Statistics(string id, string modality, OrientedVoxels image, StoredVoxels stored)
    {
        var statistics = ImageStatistics.Of(image);
        if (statistics.Count > 0 && statistics.Deviation > 1e-9 * Math.Abs(statistics.Mean))
            return statistics;
        // Only now is it worth finding out what is wrong.
        return ImageExamination.Of(stored, image.Grid.Size).Fault is { } fault
            ? throw new InvalidDataException($"Case {id}: the image {modality} {fault}.")
            // Values that differ by less than rounding: a deviation of 1 leaves them near 0.
            : statistics with { Deviation = 1 };
    }

    private static (byte[]? Classes, ForegroundVoxels? Foreground, LabelMap Labels) PrepareSegmentation(
        string id,
        StoredCase source,
        Reorientation toRas,
        PreprocessingGeometry geometry)
    {
        try
        {
            return source.Segmentation is null
                ? (null, null, source.LabelsFor(new HashSet<int>()))
                : SegmentationPreparation.Prepare(source, toRas, geometry);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"Case {id}: {exception.Message}", exception);
        }
    }

    private static (int From, int To)[] BrainBox(VolumeGrid grid, OrientedVoxels[] images)
    {
        (int From, int To)[] box = [(grid.Size.X, 0), (grid.Size.Y, 0), (grid.Size.Z, 0)];
        float[] row = new float[grid.Size.X];
        foreach (OrientedVoxels image in images)
        {
            for (int z = 0; z < grid.Size.Z; z++)
            {
                for (int y = 0; y < grid.Size.Y; y++)
                {
                    image.ReadRow(y, z, 0, row);
                    int first = row.AsSpan().IndexOfAnyExcept(0f);
                    if (first < 0)
                        continue;
                    box[0] = (Math.Min(box[0].From, first), Math.Max(box[0].To, row.AsSpan().LastIndexOfAnyExcept(0f) + 1));
                    box[1] = (Math.Min(box[1].From, y), Math.Max(box[1].To, y + 1));
                    box[2] = (Math.Min(box[2].From, z), Math.Max(box[2].To, z + 1));
                }
            }
        }

        // An empty image is reported with its name when it is normalized.
        return box[0].To == 0 ? [(0, grid.Size.X), (0, grid.Size.Y), (0, grid.Size.Z)] : box;
    }

    private PreprocessingGeometry Geometry(VolumeGrid native, VolumeGrid grid, OrientedVoxels[] images)
    {
        SpacingChange? change = Options.Spacing is { } spacing && new SpacingChange(grid, spacing) is { IsNone: false } other ? other : null;
        (int From, int To)[] region = Options.CropCenter == CropCenter.Brain
            ? BrainBox(grid, [.. images.Where((_, index) => Options.NormalizationOf(Options.Modalities[index]).ZeroIsBackground)])
            : [(0, grid.Size.X), (0, grid.Size.Y), (0, grid.Size.Z)];
        if (change is not null)
        {
            int[] counts = [change.Target.Size.X, change.Target.Size.Y, change.Target.Size.Z];
            region =
            [
                .. region.Select((range, axis) => (
                    Math.Clamp((int)Math.Floor(change.FaceInTarget(range.From, axis)), 0, counts[axis] - 1),
                    Math.Clamp((int)Math.Ceiling(change.FaceInTarget(range.To, axis)), 1, counts[axis]))),
            ];
        }

        int[] sizes = Options.CropSize is { } size
            ? [size.X, size.Y, size.Z]
            : [.. region.Select(range => RoundUp(range.To - range.From, Options.SubsamplingFactor * Options.SizeMultiple))];
        // C# divides towards zero, so that the odd voxel is cut off or padded at the end.
        int[] offsets = [.. region.Select((range, axis) => range.From + ((range.To - range.From - sizes[axis]) / 2))];
        return new PreprocessingGeometry(
            native, (offsets[0], offsets[1], offsets[2]), new VolumeSize(sizes[0], sizes[1], sizes[2]), Options.SubsamplingFactor,
            change is null ? null : Options.Spacing);

        static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
    }
}
