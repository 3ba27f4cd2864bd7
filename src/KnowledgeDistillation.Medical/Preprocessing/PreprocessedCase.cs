using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>A case as a network sees it. Arrays are x fastest, so that they are [D, H, W] tensors in C order.</summary>
/// <remarks>Holds its arrays without copies. Safe to read from several threads.</remarks>
public sealed class PreprocessedCase
{
    internal PreprocessedCase(
        string id,
        IReadOnlyDictionary<string, float[]> images,
        byte[]? classes,
        PreprocessingGeometry geometry,
        LabelMap labels,
        ForegroundVoxels? foreground,
        IReadOnlyDictionary<string, float>? backgrounds = null) =>
        (Id, Images, Classes, Geometry, Labels, Foreground, Backgrounds) =
            (id, images, classes, geometry, labels, foreground, backgrounds ?? new Dictionary<string, float>());

    /// <summary>The name of the case.</summary>
    public string Id { get; }

    /// <summary>Normalized intensities by modality name, each of <see cref="PreprocessingGeometry.Size"/>.</summary>
    public IReadOnlyDictionary<string, float[]> Images { get; }

    /// <summary>The class of each voxel, numbered as in <see cref="Labels"/>, 0 for background; null where the case has no segmentation.</summary>
    public byte[]? Classes { get; }

    /// <summary>The size of each array.</summary>
    public VolumeSize Size => Geometry.Size;

    /// <summary>How to bring a prediction back into the grid of the input.</summary>
    public PreprocessingGeometry Geometry { get; }

    /// <summary>The labels with which a prediction for this case is written: those of its own segmentation.</summary>
    public LabelMap Labels { get; }

    /// <summary>What the crop costs; null where the case has no segmentation.</summary>
    public ForegroundVoxels? Foreground { get; }

    /// <summary>
    /// For each image whose background is not 0 (<see cref="PreprocessingOptions.Background"/>), the value that is most frequent on its border: all of its
    /// voxels were taken for tissue. Empty for skull-stripped images.
    /// </summary>
    public IReadOnlyDictionary<string, float> Backgrounds { get; }

    /// <summary>The same case as if only some of its modalities had been acquired.</summary>
    /// <param name="modalities">The names of the modalities that are left.</param>
    /// <exception cref="ArgumentException">The case lacks one of them, or none is named.</exception>
    public PreprocessedCase Only(params IEnumerable<string> modalities)
    {
        ArgumentNullException.ThrowIfNull(modalities);
        string[] names = [.. modalities];
        string[] missing = [.. names.Where(name => !Images.ContainsKey(name))];
        if (names.Length == 0 || missing.Length > 0)
        {
            throw new ArgumentException(
                names.Length == 0
                    ? "At least one modality must be left."
                    : $"Case {Id} has no {string.Join(", ", missing)}; it has: {string.Join(", ", Images.Keys)}.", nameof(modalities));
        }

        return new PreprocessedCase(Id, names.ToDictionary(name => name, name => Images[name], StringComparer.Ordinal), Classes, Geometry, Labels, Foreground,
            Backgrounds.Where(image => names.Contains(image.Key)).ToDictionary());
    }

    /// <summary>The same case with its images mirrored, for a network alone: classes and geometry are left as they are.</summary>
    /// <param name="flips">The axes that are reversed.</param>
    internal PreprocessedCase Mirrored(Flips flips)
    {
        Dictionary<string, float[]> images = new(StringComparer.Ordinal);
        foreach ((string name, float[] image) in Images)
        {
            float[] mirrored = new float[image.Length];
            flips.Apply<float>(image, mirrored, Size);
            images.Add(name, mirrored);
        }

        return new PreprocessedCase(Id, images, Classes, Geometry, Labels, Foreground, Backgrounds);
    }
}
