using System.Globalization;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>
/// A region that is too small to be believed becomes something else as a whole, as entries to BraTS do with an enhancing tumor of a few voxels.
/// </summary>
/// <param name="Region">The name of the region, for example "ET".</param>
/// <param name="CubicMillimeters">The least volume in mm³ of all its voxels together that is kept; above 0.</param>
/// <param name="Replacement">
/// The name of the class that its voxels become, or "background". Null (default) for what is left of the smallest region that holds it: enhancing tumor becomes
/// necrosis, so that tumor core and whole tumor stay as they are; a region that no other holds becomes background.
/// </param>
public sealed record MinimumVolume(string Region, double CubicMillimeters, string? Replacement = null)
{
    /// <summary>Reads a text such as "ET=50mm3", "ET=0.05ml" or "ET=50mm3:background".</summary>
    /// <param name="text">Region, volume in mm3 or ml, and, after a colon, what its voxels become.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static MinimumVolume Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] sides = text.Split('=', 2, StringSplitOptions.TrimEntries);
        string[] parts = sides.Length == 2 ? sides[1].Split(':', 2, StringSplitOptions.TrimEntries) : [];
        if (sides[0].Length == 0 || parts.Length == 0 || parts[^1].Length == 0)
            throw Wrong();
        (string number, double unit) = parts[0] switch
        {
            [.. var digits, 'm', 'm', '3' or '³'] => (digits, 1.0),
            [.. var digits, 'm', 'l'] => (digits, 1000.0),
            _ => ("", 0),
        };
        return double.TryParse(number.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double volume) && volume * unit > 0
            ? new MinimumVolume(sides[0], volume * unit, parts.Length > 1 ? parts[1] : null)
            : throw Wrong();

        FormatException Wrong() =>
            new($"'{text}' is no least volume: give a region with a volume in mm3 or ml, for example ET=50mm3, or ET=50mm3:background to say what it becomes");
    }
}
