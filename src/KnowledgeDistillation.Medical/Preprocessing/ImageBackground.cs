using System.Globalization;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>The value of the voxels around the head, where it is not 0 as in skull-stripped images.</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed record ImageBackground
{
    private const string BorderText = "border";

    private ImageBackground(double? value) => Value = value;

    /// <summary>In each image the value that is most frequent on the faces of the volume.</summary>
    public static ImageBackground Border { get; } = new((double?)null);

    /// <summary>The value; null where it is found on the border of each image.</summary>
    public double? Value { get; }

    /// <summary>One value in all images.</summary>
    /// <param name="value">The value; finite. Voxels are compared with it up to single precision.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not finite.</exception>
    public static ImageBackground Of(double value) => double.IsFinite(value)
        ? new(value)
        : throw new ArgumentOutOfRangeException(nameof(value), value, "The background of an image needs a finite value.");

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <param name="text">A number with a decimal point, or "border".</param>
    /// <exception cref="FormatException">It is neither.</exception>
    public static ImageBackground Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Equals(BorderText, StringComparison.OrdinalIgnoreCase))
            return Border;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? new(value)
            : throw new FormatException($"'{text}' is no background: give a number, or {BorderText} for the value on the border of each image.");
    }

    /// <summary>The number, or "border".</summary>
    public override string ToString() => Value is { } value ? value.ToString("R", CultureInfo.InvariantCulture) : BorderText;
}
