using System.Globalization;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>Stores in the metadata of a checkpoint what is cleaned away from its segmentations, as it was chosen on validation cases.</summary>
public static class PostProcessingMetadata
{
    private const string Prefix = "postprocessing.";
    private const string Largest = Prefix + "largest-component";
    private const string Volume = Prefix + "min-volume.";
    private const char BeforeReplacement = ':';

    /// <summary>Metadata with these options in place of those that were there.</summary>
    /// <param name="metadata">The metadata of a checkpoint.</param>
    /// <param name="options">What is cleaned away; null where nothing was chosen.</param>
    public static IReadOnlyDictionary<string, string> Replace(IReadOnlyDictionary<string, string> metadata, PostProcessingOptions? options)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        Dictionary<string, string> facts = metadata.Where(fact => !fact.Key.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary();
        if (options is null)
            return facts;
        facts[Largest] = options.LargestComponent ? "yes" : "no";
        foreach (MinimumVolume item in options.MinimumVolumes)
        {
            facts[Volume + item.Region] = item.CubicMillimeters.ToString("R", CultureInfo.InvariantCulture)
                + (item.Replacement is null ? "" : BeforeReplacement + item.Replacement);
        }

        return facts;
    }

    /// <summary>The options that were stored; null where none were chosen.</summary>
    /// <param name="metadata">The metadata of a checkpoint.</param>
    /// <exception cref="InvalidDataException">They make no sense.</exception>
    public static PostProcessingOptions? Read(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return metadata.TryGetValue(Largest, out string? largest)
            ? new PostProcessingOptions
            {
                LargestComponent = largest is "yes" or "no" ? largest == "yes" : throw Senseless(Largest, largest),
                // Their order in the dictionary is not kept by every reader, and does not matter to the post-processor.
                MinimumVolumes =
                [
                    .. metadata.Where(fact => fact.Key.StartsWith(Volume, StringComparison.Ordinal)).OrderBy(fact => fact.Key, StringComparer.Ordinal)
                        .Select(fact => VolumeOf(fact.Key, fact.Value)),
                ],
            }
            : null;
    }

    /// <summary>
    /// The options of several networks that decide together: those that all store. What was chosen for one network says nothing about another, so where
    /// they differ it is nothing.
    /// </summary>
    /// <param name="networks">The metadata of each; at least one.</param>
    /// <param name="differ">Whether they differ.</param>
    /// <exception cref="InvalidDataException">They make no sense.</exception>
    internal static PostProcessingOptions? ReadCommon(IEnumerable<IReadOnlyDictionary<string, string>> networks, out bool differ)
    {
        PostProcessingOptions?[] stored = [.. networks.Select(Read).Distinct()];
        differ = stored.Length > 1;
        return differ ? null : stored[0];
    }

    private static MinimumVolume VolumeOf(string fact, string text)
    {
        string[] parts = text.Split(BeforeReplacement, 2);
        return double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double volume) && volume > 0 && double.IsFinite(volume)
            ? new MinimumVolume(fact[Volume.Length..], volume, parts.Length > 1 ? parts[1] : null)
            : throw Senseless(fact, text);
    }

    private static InvalidDataException Senseless(string fact, string text) =>
        new($"What the model says of its post-processing makes no sense: '{fact}' is '{text}'.");
}
