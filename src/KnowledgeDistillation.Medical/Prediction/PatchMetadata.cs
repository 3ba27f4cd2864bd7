using System.Globalization;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>
/// Stores in the metadata of a checkpoint that its network learned from patches, so that it is run over whole cases in windows of their size.
/// </summary>
public static class PatchMetadata
{
    internal const string Prefix = "patch.";

    private const string Size = $"{Prefix}size";
    private const string Foreground = $"{Prefix}foreground";
    private const string PerCase = $"{Prefix}per-case";

    /// <summary>The patches as metadata; empty for none.</summary>
    /// <param name="patches">The patches; null where whole cases are learned from.</param>
    public static IReadOnlyDictionary<string, string> Write(PatchSampling? patches) => patches is null ? [] : new Dictionary<string, string>
    {
        [Size] = string.Create(CultureInfo.InvariantCulture, $"{patches.Size.X},{patches.Size.Y},{patches.Size.Z}"),
        [Foreground] = patches.ForegroundShare.ToString("R", CultureInfo.InvariantCulture),
        [PerCase] = patches.PatchesPerCase.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The size of the patches; null where the network learned from whole cases.</summary>
    /// <param name="metadata">The metadata of a checkpoint.</param>
    /// <exception cref="InvalidDataException">It makes no sense.</exception>
    public static VolumeSize? SizeOf(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (!metadata.TryGetValue(Size, out string? text))
            return null;
        int[] sizes = [.. text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0)];
        return sizes is [> 0 and var x, > 0 and var y, > 0 and var z]
            ? new VolumeSize(x, y, z)
            : throw new InvalidDataException($"What the model says of the patches that it learned from makes no sense: '{Size}' is '{text}'.");
    }

    /// <summary>
    /// How to run such a network over whole cases: in windows of the size of its patches that overlap by half. Windows of nothing but air (0) are background
    /// without asking the network, which has hardly ever seen any. Null for the usual way.
    /// </summary>
    /// <param name="metadata">The metadata of a checkpoint.</param>
    /// <param name="spatialDimensions">3 for a network that sees volumes, 2 for slices, which need no windows.</param>
    /// <exception cref="InvalidDataException">It makes no sense.</exception>
    public static IInference? InferenceOf(IReadOnlyDictionary<string, string> metadata, int spatialDimensions) =>
        WindowsOf(metadata, spatialDimensions) is { } windows ? new SlidingWindowInference(windows) : null;

    /// <summary>The same for a network in training.</summary>
    internal static IInference? InferenceOf(PatchSampling? patches, int spatialDimensions) => InferenceOf(Write(patches), spatialDimensions);

    internal static SlidingWindowOptions? WindowsOf(IReadOnlyDictionary<string, string> metadata, int spatialDimensions) =>
        spatialDimensions == 3 && SizeOf(metadata) is { } size
            ? new SlidingWindowOptions { WindowSize = [size.Z, size.Y, size.X], SkipBackground = true }
            : null;
}
