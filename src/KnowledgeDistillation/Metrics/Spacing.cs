using System.Globalization;

namespace KnowledgeDistillation.Metrics;

/// <summary>The size of a voxel in mm along x, y, z.</summary>
public readonly record struct Spacing(double X, double Y, double Z)
{
    /// <summary>1 mm in each direction.</summary>
    public static Spacing OneMillimeter { get; } = new(1, 1, 1);

    /// <summary>Reads what <see cref="ToText"/> writes.</summary>
    /// <param name="text">Three numbers above 0 in mm with commas between them, or one for all directions; decimal points, whatever the culture.</param>
    /// <exception cref="FormatException">It is neither.</exception>
    public static Spacing Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        double[] lengths =
        [
            .. text.Split(',', StringSplitOptions.TrimEntries).Select(part =>
                double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double length) && double.IsFinite(length) ? length : 0),
        ];
        return lengths.Length is 1 or 3 && lengths.All(length => length > 0)
            ? new Spacing(lengths[0], lengths[lengths.Length / 2], lengths[^1])
            : throw new FormatException($"'{text}' is no spacing: give the size of a voxel in mm, for example 1 or 0.5,0.5,3.");
    }

    /// <summary>The three lengths with commas between them, or one if they are equal, whatever the culture: "1" or "0.5,0.5,3".</summary>
    public string ToText() => X == Y && Y == Z
        ? X.ToString("R", CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{X:R},{Y:R},{Z:R}");
}
