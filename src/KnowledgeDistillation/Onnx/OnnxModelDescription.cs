using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Onnx;

/// <summary>
/// What an ONNX file of this library says of itself in its metadata: all that is needed to prepare images for it and to read its output.
/// </summary>
/// <remarks>Needs no native library of torch. Immutable.</remarks>
public sealed record OnnxModelDescription
{
    private const string Format = "KnowledgeDistillation segmentation";
    private const int Version = 1;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string OfModel = "model.";
    private const string FormatName = "format",
        VersionName = "format version",
        ModalitiesName = "modalities",
        SizeMultipleName = "size multiple",
        DimensionsName = "spatial dimensions",
        OutputName = "output",
        ChannelsName = "channels",
        SchemeName = "label scheme";

    /// <summary>The modalities that it sees, each an input of this name, float32 [N, C, spatial...].</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>How the channels of its output, raw logits [N, K, spatial...], relate to classes.</summary>
    public required LabelScheme Labels { get; init; }

    /// <summary>Every spatial size must be a multiple of this number, and one at least twice it where it is above 1.</summary>
    public required int SizeMultiple { get; init; }

    /// <summary>2 where it sees slices, 3 where it sees volumes.</summary>
    public required int SpatialDimensions { get; init; }

    /// <summary>The facts that were kept with the model (<c>SegmentationModel.Metadata</c>), for example how images are prepared.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>Reads the metadata of an ONNX file.</summary>
    /// <param name="metadata">The texts of the file (<c>metadata_props</c>) by name.</param>
    /// <exception cref="InvalidDataException">It is no file of this library, of a newer version, or makes no sense.</exception>
    public static OnnxModelDescription Read(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (metadata.GetValueOrDefault(FormatName) != Format)
        {
            throw new InvalidDataException(
                $"it does not say how images are prepared and what its output means (its metadata has no '{FormatName}' of '{Format}'), "
                    + "so it was not exported by KnowledgeDistillation.");
        }

        if (Number(VersionName) is var version && version > Version)
        {
            throw new InvalidDataException(
                $"it has the version {version} of its format, but this library reads versions up to {Version}: update the library.");
        }

        OnnxModelDescription description = new()
        {
            Modalities = Json<string[]>(ModalitiesName),
            Labels = Json<LabelScheme>(SchemeName),
            SizeMultiple = Number(SizeMultipleName),
            SpatialDimensions = Number(DimensionsName),
            Metadata = metadata.Where(fact => fact.Key.StartsWith(OfModel, StringComparison.Ordinal))
                .ToDictionary(fact => fact.Key[OfModel.Length..], fact => fact.Value, StringComparer.Ordinal),
        };
        return description.Modalities.Count == 0 || description.Modalities.Any(string.IsNullOrWhiteSpace)
            ? throw Senseless(ModalitiesName)
            : description.SpatialDimensions is not (2 or 3) ? throw Senseless(DimensionsName) : description;

        string Fact(string name) => metadata.TryGetValue(name, out string? value)
            ? value
            : throw new InvalidDataException($"its metadata lacks '{name}'.");

        InvalidDataException Senseless(string name, Exception? inner = null) =>
            new($"its metadata makes no sense: '{name}' is '{Fact(name)}'.", inner);

        int Number(string name) => int.TryParse(Fact(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1
            ? number
            : throw Senseless(name);

        T Json<T>(string name)
        {
            try
            {
                return JsonFile.Convert<T>(JsonFile.Parse(Encoding.UTF8.GetBytes(Fact(name))), ModelFiles.Json);
            }
            catch (JsonException exception)
            {
                throw Senseless(name, exception);
            }
        }
    }

    /// <summary>The metadata for an ONNX file.</summary>
    public IReadOnlyDictionary<string, string> Write()
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [FormatName] = Format,
            [VersionName] = Text(Version),
            [ModalitiesName] = Text(Modalities),
            [SizeMultipleName] = Text(SizeMultiple),
            [DimensionsName] = Text(SpatialDimensions),
            [OutputName] = Labels is ExclusiveClasses ? "softmax" : "sigmoid",
            [ChannelsName] = Text(Labels.ChannelNames),
            [SchemeName] = JsonSerializer.Serialize(Labels, ModelFiles.Json),
        };
        foreach ((string name, string value) in Metadata)
            facts.Add(OfModel + name, value);
        return facts;
    }

    private static string Text(IReadOnlyList<string> names) => JsonSerializer.Serialize(names, Relaxed);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
