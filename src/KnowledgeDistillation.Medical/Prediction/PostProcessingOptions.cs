using System.Globalization;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>What <see cref="PostProcessor"/> changes in a segmentation. Immutable; the defaults change nothing.</summary>
public sealed record PostProcessingOptions
{
    /// <summary>
    /// Whether only the largest part that hangs together (26 neighbors) of all that is not background is kept. Default no: a disease may have several places.
    /// </summary>
    public bool LargestComponent { get; init; }

    /// <summary>Regions that are replaced where they are too small; after <see cref="LargestComponent"/>. Default none.</summary>
    public IReadOnlyList<MinimumVolume> MinimumVolumes { get; init; } = [];

    /// <summary>Whether nothing is changed.</summary>
    public bool IsNone => !LargestComponent && MinimumVolumes.Count == 0;

    /// <summary>Whether the same is changed: the order of regions and the case of their names do not matter.</summary>
    /// <param name="other">Other options.</param>
    public bool Equals(PostProcessingOptions? other) =>
        other is not null && LargestComponent == other.LargestComponent && Ordered(MinimumVolumes).SequenceEqual(Ordered(other.MinimumVolumes));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(LargestComponent, MinimumVolumes.Count);

    private static IEnumerable<MinimumVolume> Ordered(IEnumerable<MinimumVolume> volumes) => volumes
        .Select(item => item with { Region = item.Region.ToUpperInvariant(), Replacement = item.Replacement?.ToUpperInvariant() })
        .OrderBy(item => item.Region, StringComparer.Ordinal);

    /// <summary>For example "the largest part only, ET of at least 50 mm³", or "nothing".</summary>
    public override string ToString()
    {
        string[] parts =
        [
            .. LargestComponent ? ["the largest part only"] : Array.Empty<string>(),
            .. MinimumVolumes.Select(item => string.Create(CultureInfo.InvariantCulture, $"{item.Region} of at least {item.CubicMillimeters:0.###} mm³")),
        ];
        return parts.Length == 0 ? "nothing" : string.Join(", ", parts);
    }
}
