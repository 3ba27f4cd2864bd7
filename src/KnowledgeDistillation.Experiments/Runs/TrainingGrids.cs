using System.Globalization;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>
/// How the images lie that a network has learned from: the sizes of their voxels, after reorientation to RAS, and how far their axes lean away from those of
/// the body. An image that lies otherwise shows the network anatomy of another shape.
/// </summary>
/// <param name="Least">The smallest size of a voxel along each axis in mm.</param>
/// <param name="Greatest">The greatest.</param>
/// <param name="Tilt">The greatest angle in degrees between an axis of a volume and the nearest axis of the body.</param>
/// <param name="Orientations">The orientations of the files, for example "LPS"; several with commas.</param>
public sealed record TrainingGrids(Spacing Least, Spacing Greatest, double Tilt, string Orientations)
{
    // Scanners and protocols differ by less; a voxel that is a quarter longer makes a tumor that is a quarter shorter.
    private const double SpacingFactor = 1.25;
    private const double MoreTilt = 15;

    private const string Sizes = "data.spacing", Angle = "data.tilt", Codes = "data.orientation";

    /// <summary>Those of some grids.</summary>
    /// <param name="grids">The grids of the files; at least one.</param>
    public static TrainingGrids Of(IReadOnlyCollection<VolumeGrid> grids)
    {
        ArgumentNullException.ThrowIfNull(grids);
        Spacing[] sizes = [.. grids.Distinct().Select(SpacingOf)];
        return new(
            new Spacing(sizes.Min(size => size.X), sizes.Min(size => size.Y), sizes.Min(size => size.Z)),
            new Spacing(sizes.Max(size => size.X), sizes.Max(size => size.Y), sizes.Max(size => size.Z)),
            grids.Max(TiltOf),
            string.Join(',', grids.Select(grid => grid.Orientation.ToString()).Distinct().Order(StringComparer.Ordinal)));
    }

    /// <summary>Those that a checkpoint keeps; null where it keeps none, as older ones.</summary>
    /// <param name="metadata">The metadata of the checkpoint.</param>
    /// <exception cref="InvalidDataException">They make no sense.</exception>
    public static TrainingGrids? Read(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (!metadata.TryGetValue(Sizes, out string? text))
            return null;
        double[] sizes = [.. text.Split(',').SelectMany(range => range.Split("..")).Select(Number)];
        return sizes.Length == 6 && metadata.TryGetValue(Angle, out string? angle)
            ? new(new(sizes[0], sizes[2], sizes[4]), new(sizes[1], sizes[3], sizes[5]), Number(angle), metadata.GetValueOrDefault(Codes, ""))
            : throw Senseless();

        double Number(string number) =>
            double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= 0 ? value : throw Senseless();

        InvalidDataException Senseless() => new($"What the model says of the voxels of its training images makes no sense: '{Sizes}' is '{text}'.");
    }

    /// <summary>Those of all that several networks have learned from.</summary>
    internal static TrainingGrids Over(IReadOnlyCollection<TrainingGrids> all) => new(
        new Spacing(all.Min(one => one.Least.X), all.Min(one => one.Least.Y), all.Min(one => one.Least.Z)),
        new Spacing(all.Max(one => one.Greatest.X), all.Max(one => one.Greatest.Y), all.Max(one => one.Greatest.Z)),
        all.Max(one => one.Tilt),
        string.Join(',', all.SelectMany(one => one.Orientations.Split(',')).Distinct().Order(StringComparer.Ordinal)));

    /// <summary>The facts for a checkpoint.</summary>
    public IReadOnlyDictionary<string, string> Write() => new Dictionary<string, string>
    {
        [Sizes] = string.Create(
            CultureInfo.InvariantCulture, $"{Least.X:R}..{Greatest.X:R},{Least.Y:R}..{Greatest.Y:R},{Least.Z:R}..{Greatest.Z:R}"),
        [Angle] = Tilt.ToString("0.#", CultureInfo.InvariantCulture),
        [Codes] = Orientations,
    };

    /// <summary>In what an image is far from them, as a sentence without its subject; null where it is near.</summary>
    /// <param name="grid">The grid of the image.</param>
    public string? Difference(VolumeGrid grid)
    {
        ArgumentNullException.ThrowIfNull(grid);
        Spacing size = SpacingOf(grid);
        if (IsFar(size.X, Least.X, Greatest.X) || IsFar(size.Y, Least.Y, Greatest.Y) || IsFar(size.Z, Least.Z, Greatest.Z))
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"its voxels are {Text(size)} mm (right, anterior, superior), but the network has learned from images of {Text(Least)}"
                    + $"{(Least == Greatest ? "" : $" to {Text(Greatest)}")} mm; resample it, or do not rely on the result.");
        }

        double tilt = TiltOf(grid);
        return tilt > Tilt + MoreTilt
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"its axes lean {tilt:0}° away from those of the body, but those of the images that the network has learned from {Tilt:0}° at most; "
                    + $"resample it along the axes of the body, or do not rely on the result.")
            : null;

        static string Text(Spacing size) => string.Create(CultureInfo.InvariantCulture, $"{size.X:0.##}×{size.Y:0.##}×{size.Z:0.##}");
    }

    private static bool IsFar(double size, double least, double greatest) => size > greatest * SpacingFactor || size * SpacingFactor < least;

    private static Spacing SpacingOf(VolumeGrid grid) => new Reorientation(grid, Orientation.RAS).Target.Spacing;

    private static double TiltOf(VolumeGrid grid)
    {
        Affine a = grid.Affine;
        double[][] axes = [[a.M11, a.M21, a.M31], [a.M12, a.M22, a.M32], [a.M13, a.M23, a.M33]];
        double cosine = axes.Min(axis => axis.Max(Math.Abs) / Math.Sqrt(axis.Sum(part => part * part)));
        return Math.Acos(Math.Min(1, cosine)) * 180 / Math.PI;
    }
}
