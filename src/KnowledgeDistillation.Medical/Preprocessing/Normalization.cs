using System.Globalization;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>How the images of one modality are normalized; for CT with the numbers that the training cases gave.</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed record Normalization
{
    // More than enough for percentiles, from each case alike.
    private const int ValuesPerCase = 50_000;

    private Normalization(NormalizationKind kind) => Kind = kind;

    /// <summary>The default, the paper's: <see cref="NormalizationKind.ZScoreNonZero"/>.</summary>
    public static Normalization ZScoreNonZero { get; } = new(NormalizationKind.ZScoreNonZero);

    /// <summary><see cref="NormalizationKind.ZScore"/>.</summary>
    public static Normalization ZScore { get; } = new(NormalizationKind.ZScore);

    /// <summary><see cref="NormalizationKind.None"/>.</summary>
    public static Normalization None { get; } = new(NormalizationKind.None);

    /// <summary>The kind.</summary>
    public NormalizationKind Kind { get; }

    /// <summary>The value to which lower ones are raised; only for CT.</summary>
    public double Lower { get; private init; }

    /// <summary>The value to which higher ones are lowered; only for CT.</summary>
    public double Upper { get; private init; }

    /// <summary>The mean that is subtracted; only for CT.</summary>
    public double Mean { get; private init; }

    /// <summary>The standard deviation by which is divided; only for CT.</summary>
    public double Deviation { get; private init; } = 1;

    /// <summary>Whether 0 is background, which stays 0.</summary>
    public bool ZeroIsBackground => Kind == NormalizationKind.ZScoreNonZero;

    /// <summary>A CT with known numbers.</summary>
    /// <param name="lower">The value to which lower ones are raised.</param>
    /// <param name="upper">The value to which higher ones are lowered; above <paramref name="lower"/>.</param>
    /// <param name="mean">The mean that is subtracted.</param>
    /// <param name="deviation">The standard deviation by which is divided; above 0.</param>
    /// <exception cref="ArgumentException">A number is not finite, or out of range.</exception>
    public static Normalization OfCt(double lower, double upper, double mean, double deviation) =>
        double.IsFinite(lower) && double.IsFinite(upper) && double.IsFinite(mean) && double.IsFinite(deviation) && lower < upper && deviation > 0
            ? new(NormalizationKind.Ct) { Lower = lower, Upper = upper, Mean = mean, Deviation = deviation }
            : throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"A CT is clipped between two finite values and divided by a deviation above 0, but they are {lower}, {upper} and {deviation} (mean {mean})."));

    /// <summary>A CT with the numbers of the foreground of some cases: those of the training, and no others.</summary>
    /// <param name="training">The cases; those without foreground in their reference count only where none has any;
    /// then all voxels of all cases do.</param>
    /// <param name="modality">The modality.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="ArgumentException">There is no case, or one lacks the modality.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or all values are the same; the message names the case.</exception>
    public static Normalization MeasureCt(IReadOnlyList<ImageCase> training, string modality, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(training);
        if (training.Count == 0)
            throw new ArgumentException("The numbers of a CT come from the training cases, but there are none.", nameof(training));
        float[][] perCase = new float[training.Count][];
        Measure(foreground: true);
        // Air would be most of what is measured, so it counts only where no case says what is foreground.
        if (perCase.All(each => each.Length == 0))
            Measure(foreground: false);
        float[] values = [.. perCase.SelectMany(each => each)];
        Array.Sort(values);
        double mean = values.Average(value => (double)value);
        double deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        (double lower, double upper) = (Percentile(values, 0.005), Percentile(values, 0.995));
        return lower < upper && deviation > 0
            ? OfCt(lower, upper, mean, deviation)
            : throw new InvalidDataException(
                $"The labeled voxels of {modality} have the same value in all training cases, so it cannot be normalized as a CT.");

        void Measure(bool foreground) => ParallelWork.For(
            training.Count, Math.Min(4, Environment.ProcessorCount), i => perCase[i] = Sample(training[i], modality, foreground), cancellation);
    }

    /// <summary>What the name of a channel says, as in nnU-Net: "CT" is one, "noNorm" is taken as it is, all others are MR.</summary>
    /// <returns>The kind; for CT, the numbers are still to be found.</returns>
    public static NormalizationKind KindOf(string modality)
    {
        ArgumentNullException.ThrowIfNull(modality);
        return modality.ToUpperInvariant() switch
        {
            "CT" => NormalizationKind.Ct,
            "NONORM" => NormalizationKind.None,
            "ZSCORE" => NormalizationKind.ZScore,
            _ => NormalizationKind.ZScoreNonZero,
        };
    }

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static Normalization Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(' ');
        if (parts is [var name] && Enum.TryParse(name, ignoreCase: true, out NormalizationKind kind) && kind != NormalizationKind.Ct && Enum.IsDefined(kind))
            return new Normalization(kind);
        double[] numbers = [.. parts.Skip(1).Select(part =>
            double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN)];
        try
        {
            return parts[0] == "ct" && numbers is [var lower, var upper, var mean, var deviation]
                ? OfCt(lower, upper, mean, deviation)
                : throw new FormatException($"'{text}' is no normalization.");
        }
        catch (ArgumentException exception)
        {
            throw new FormatException($"'{text}' is no normalization: {exception.Message}", exception);
        }
    }

    /// <summary>For example "zscore", or "ct -1000 400 30.5 120" with the limits, the mean and the deviation.</summary>
    public override string ToString() => Kind == NormalizationKind.Ct
        ? string.Create(CultureInfo.InvariantCulture, $"ct {Lower:R} {Upper:R} {Mean:R} {Deviation:R}")
        : Kind.ToString().ToLowerInvariant();

    /// <summary>Refuses an image that cannot be normalized, and gives what its voxels are normalized by.</summary>
    internal (float Center, float Scale) Of(OrientedVoxels image)
    {
        switch (Kind)
        {
            case NormalizationKind.Ct:
                return ((float)Mean, (float)(1 / Deviation));
            case NormalizationKind.None:
                return (0, 1);
            default:
                (double mean, double deviation) = MomentsOf(image);
                return ((float)mean, deviation > 1e-9 * Math.Abs(mean) ? (float)(1 / deviation) : 1);
        }
    }

    private static (double Mean, double Deviation) MomentsOf(OrientedVoxels image)
    {
        float[] row = new float[image.Grid.Size.X];
        double sum = Sum(value => value);
        double mean = sum / image.Grid.VoxelCount;
        return (mean, Math.Sqrt(Sum(value => (value - mean) * (value - mean)) / image.Grid.VoxelCount));

        double Sum(Func<double, double> of)
        {
            double total = 0;
            for (int z = 0; z < image.Grid.Size.Z; z++)
            {
                for (int y = 0; y < image.Grid.Size.Y; y++)
                {
                    image.ReadRow(y, z, 0, row);
                    foreach (float value in row)
                        total += of(value);
                }
            }

            return total;
        }
    }

    private static float[] Sample(ImageCase item, string modality, bool foreground)
    {
        CaseVolumes volumes = item.Load(modality);
        float[] voxels = volumes.Images[modality].Voxels;
        int[]? labels = volumes.Segmentation?.Voxels;
        List<float> inside = [];
        for (int i = 0; i < voxels.Length && foreground && labels is not null; i++)
        {
            if (labels[i] != 0 && volumes.Labels.ClassOf(labels[i]) is > 0 and < LabelMap.Ignored)
                inside.Add(voxels[i]);
        }

        IReadOnlyList<float> values = foreground ? inside : voxels;
        int step = Math.Max(1, (values.Count + ValuesPerCase - 1) / ValuesPerCase);
        float[] sample = [.. Enumerable.Range(0, (values.Count + step - 1) / step).Select(i => values[i * step])];
        return Array.TrueForAll(sample, float.IsFinite)
            ? sample
            : throw new InvalidDataException($"Case {item.Id}: the image {modality} holds voxels that are not finite numbers.");
    }

    // Between the two nearest values, as usual.
    private static double Percentile(float[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        return below + 1 < sorted.Length ? sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }
}
