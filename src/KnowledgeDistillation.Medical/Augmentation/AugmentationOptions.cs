using System.Globalization;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Medical.Augmentation;

/// <summary>
/// Random changes of training cases beyond flips, those of nnU-Net with its ranges (Isensee et al. 2021, supplementary note 4).
/// Each is off where it is null, as all are by default. A case is changed anew in each epoch, by nothing but the seed, the epoch and its name. Immutable.
/// </summary>
/// <remarks>
/// Space is changed for images and labels alike. Intensities are changed for each modality by itself, of voxels that are not 0: background stays 0.
/// The order is rotation and scaling, noise, blur, brightness, contrast, low resolution, gamma.
/// </remarks>
public sealed record AugmentationOptions
{
    private const double OfAngle = 180, OfScale = 10;

    /// <summary>All changes with their usual ranges.</summary>
    public static AugmentationOptions All { get; } = new()
    {
        Rotation = new(-30, 30, 0.2),
        Scaling = new(0.7, 1.4, 0.2),
        GaussianNoise = new(0, 0.3, 0.1),
        GaussianBlur = new(0.5, 1, 0.1),
        Brightness = new(0.75, 1.25, 0.15),
        Contrast = new(0.75, 1.25, 0.15),
        Gamma = new(0.7, 1.5, 0.3),
        LowResolution = new(0.5, 1, 0.125),
    };

    /// <summary>
    /// Angles in degrees, −180 to 180, one for each axis; images trilinear, labels by the nearest voxel. Usual −30 to 30 in 20 % of the cases.
    /// </summary>
    public RandomRange? Rotation { get; init; }

    /// <summary>A factor, 0.1 to 10; above 1 things become larger. Usual 0.7 to 1.4 in 20 %.</summary>
    public RandomRange? Scaling { get; init; }

    /// <summary>The standard deviation of noise that is added, at least 0, beside that of a normalized image, 1. Usual 0 to 0.3 in 10 %.</summary>
    public RandomRange? GaussianNoise { get; init; }

    /// <summary>The standard deviation in voxels of a Gaussian that blurs, above 0, at most 10. Usual 0.5 to 1 in 10 %.</summary>
    public RandomRange? GaussianBlur { get; init; }

    /// <summary>A factor of the intensities, above 0. Usual 0.75 to 1.25 in 15 %.</summary>
    public RandomRange? Brightness { get; init; }

    /// <summary>A factor of the distance of intensities from their mean, above 0, within their former range. Usual 0.75 to 1.25 in 15 %.</summary>
    public RandomRange? Contrast { get; init; }

    /// <summary>The exponent of intensities between the least and the greatest, above 0; mean and deviation are kept. Usual 0.7 to 1.5 in 30 %.</summary>
    public RandomRange? Gamma { get; init; }

    /// <summary>The resolution to which an image is brought down and up again, above 0, at most 1. Usual 0.5 to 1 in 12.5 %.</summary>
    public RandomRange? LowResolution { get; init; }

    /// <summary>Whether space is changed.</summary>
    internal bool IsSpatial => Rotation is not null || Scaling is not null;

    /// <summary>
    /// Reads a list of changes, for example "rotation,scaling=0.8..1.2,gamma": each with its usual range unless another is given; "all" for all.
    /// </summary>
    /// <param name="text">The list.</param>
    /// <exception cref="FormatException">It is none, or a range makes no sense.</exception>
    public static AugmentationOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        AugmentationOptions options = new();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] sides = part.Split('=', StringSplitOptions.TrimEntries);
            if (sides is ["all"])
            {
                options = All;
                continue;
            }

            (string Name, Func<AugmentationOptions, RandomRange?> Get, Func<AugmentationOptions, RandomRange, AugmentationOptions> Set) change =
                Array.Find(Changes, known => known.Name.Equals(sides[0], StringComparison.OrdinalIgnoreCase));
            if (change.Name is null || sides.Length > 2)
            {
                throw new FormatException($"'{part}' is no augmentation: give some of {string.Join(", ", Changes.Select(known => known.Name))}, or all, "
                    + "for example rotation,scaling=0.8..1.2");
            }

            options = change.Set(options, sides.Length == 1 ? change.Get(All)! : RangeOf(sides[1], part, change.Get(All)!));
        }

        try
        {
            options.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new FormatException(exception.Message, exception);
        }

        return options;
    }

    /// <summary>The list that <see cref="Parse"/> reads; empty where nothing is changed. Shares of the cases are the usual ones and stand not in it.</summary>
    public string ToText() => string.Join(',', Changes.Where(change => change.Get(this) is not null).Select(change => change.Get(this) == change.Get(All)
        ? change.Name
        : string.Create(CultureInfo.InvariantCulture, $"{change.Name}={change.Get(this)!.Least}..{change.Get(this)!.Greatest}")));

    internal void Validate() => new OptionFaults(nameof(AugmentationOptions))
        .Require(
            Changes.Select(change => change.Get(this)).All(range => range is null || (range.Least <= range.Greatest && range.Probability is > 0 and <= 1)),
            "Ranges must go from a least to a greatest number, and be drawn from with a probability above 0 and at most 1.")
        .Require(IsWithin(Rotation, -OfAngle, OfAngle), $"{nameof(Rotation)} must be within −180 to 180 degrees, but is {Rotation}.")
        .Require(IsWithin(Scaling, 1 / OfScale, OfScale), $"{nameof(Scaling)} must be within 0.1 to 10, but is {Scaling}.")
        .Require(IsWithin(GaussianNoise, 0, double.MaxValue), $"{nameof(GaussianNoise)} must be at least 0, but is {GaussianNoise}.")
        .Require(IsWithin(GaussianBlur, double.Epsilon, OfScale), $"{nameof(GaussianBlur)} must be above 0 and at most 10 voxels, but is {GaussianBlur}.")
        .Require(IsWithin(Brightness, double.Epsilon, double.MaxValue), $"{nameof(Brightness)} must be above 0, but is {Brightness}.")
        .Require(IsWithin(Contrast, double.Epsilon, double.MaxValue), $"{nameof(Contrast)} must be above 0, but is {Contrast}.")
        .Require(IsWithin(Gamma, double.Epsilon, double.MaxValue), $"{nameof(Gamma)} must be above 0, but is {Gamma}.")
        .Require(IsWithin(LowResolution, double.Epsilon, 1), $"{nameof(LowResolution)} must be above 0 and at most 1, but is {LowResolution}.")
        .ThrowIfAny();

    private static bool IsWithin(RandomRange? range, double least, double greatest) => range is null
        || (range.Least >= least && range.Greatest <= greatest);

    private static RandomRange RangeOf(string text, string part, RandomRange usual) => text.Split("..") is [var low, var high]
        && double.TryParse(low, NumberStyles.Float, CultureInfo.InvariantCulture, out double least)
        && double.TryParse(high, NumberStyles.Float, CultureInfo.InvariantCulture, out double greatest)
            ? usual with { Least = least, Greatest = greatest }
            : throw new FormatException($"'{part}' has no range: give it as LEAST..GREATEST, for example scaling=0.8..1.2");

    private static readonly (
        string Name, Func<AugmentationOptions, RandomRange?> Get, Func<AugmentationOptions, RandomRange, AugmentationOptions> Set)[] Changes =
    [
        ("rotation", options => options.Rotation, (options, range) => options with { Rotation = range }),
        ("scaling", options => options.Scaling, (options, range) => options with { Scaling = range }),
        ("noise", options => options.GaussianNoise, (options, range) => options with { GaussianNoise = range }),
        ("blur", options => options.GaussianBlur, (options, range) => options with { GaussianBlur = range }),
        ("brightness", options => options.Brightness, (options, range) => options with { Brightness = range }),
        ("contrast", options => options.Contrast, (options, range) => options with { Contrast = range }),
        ("gamma", options => options.Gamma, (options, range) => options with { Gamma = range }),
        ("low-resolution", options => options.LowResolution, (options, range) => options with { LowResolution = range }),
    ];
}
