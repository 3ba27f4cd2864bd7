using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// The files of a model in a folder: <c>weights.safetensors</c>, and <c>model.json</c> with how to build the network, the label scheme,
/// the user's metadata and the weights' checksum.
/// </summary>
internal static class ModelFiles
{
    public const string WeightsName = "weights.safetensors";
    private const string DescriptionName = "model.json";
    private const string Format = "KnowledgeDistillation model";
    private const int Version = 1;

    /// <summary>The names of the files.</summary>
    public static readonly IReadOnlyList<string> Names = [DescriptionName, WeightsName];

    internal static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { StoreKindOfLabelScheme } },
    };

    private static readonly JsonDerivedType[] LabelSchemes =
    [
        .. from type in typeof(LabelScheme).Assembly.GetTypes()
           where type.IsSubclassOf(typeof(LabelScheme)) && !type.IsAbstract
           select new JsonDerivedType(type, type.GetCustomAttribute<LabelScheme.StoredAsAttribute>()!.Name),
    ];

    public static void Write(string folder, IEncoderDecoder network, LabelScheme labels, IReadOnlyDictionary<string, string> metadata)
    {
        string weights = Path.Combine(folder, WeightsName);
        SafetensorsFile.Write(weights, network.Module.state_dict());
        WriteDescription(Path.Combine(folder, DescriptionName), Format, Version, [weights], new JsonObject
        {
            ["network"] = network.Recipe is null ? null : NetworkRecipes.Write(network.Recipe),
            ["labels"] = JsonSerializer.SerializeToNode(labels, Json),
            ["metadata"] = JsonSerializer.SerializeToNode(metadata, Json),
        });
    }

    /// <summary>Writes other facts beside the weights of a model, which stay as they are. The file is replaced when the new one is complete.</summary>
    /// <exception cref="CheckpointException">The folder holds no model, or a damaged one.</exception>
    public static void ChangeMetadata(string folder, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>> change)
    {
        string path = Path.Combine(folder, DescriptionName);
        JsonObject json = ReadDescription(path, Format, Version);
        try
        {
            json["metadata"] = JsonSerializer.SerializeToNode(change(json["metadata"] is null ? [] : MetadataOf(json["metadata"])), Json);
        }
        catch (JsonException exception)
        {
            throw new CheckpointException(path, exception.Message, exception);
        }

        AtomicFile.WriteText(path, JsonFile.WithChecksum(json, Json));
    }

    /// <summary>The checksum of a model's weights, by which it is known wherever it lies.</summary>
    /// <exception cref="CheckpointException">There are no weights in the folder.</exception>
    public static string WeightsChecksum(string folder)
    {
        string weights = Path.Combine(AtomicDirectory.Resolve(folder) ?? folder, WeightsName);
        return File.Exists(weights) ? FileChecksums.Of(weights) : throw new CheckpointException(weights, "it is missing");
    }

    /// <summary>Whether a folder says of itself that it holds a model, which may be damaged.</summary>
    public static bool IsModel(string folder) => File.Exists(Path.Combine(folder, DescriptionName));

    public static ModelDescription ReadDescription(string folder)
    {
        string path = Path.Combine(folder, DescriptionName);
        JsonObject json = ReadDescription(path, Format, Version);
        try
        {
            return new ModelDescription(
                json["network"] is null ? null : NetworkRecipes.Read(json["network"]),
                JsonFile.Convert<LabelScheme>(json["labels"], Json),
                json["metadata"] is null ? [] : MetadataOf(json["metadata"]));
        }
        catch (JsonException exception)
        {
            throw new CheckpointException(path, exception.Message, exception);
        }
    }

    /// <summary>The number of values in the weights beside a description.</summary>
    public static long CountWeights(string folder) =>
        SafetensorsFile.ReadHeader(Path.Combine(folder, WeightsName)).Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (count, length) => count * length));

    public static void ReadWeights(string folder, nn.Module module) => ReadTensorsInto(Path.Combine(folder, WeightsName), module);

    public static void ReadTensorsInto(string path, nn.Module module)
    {
        using var scope = NewDisposeScope();
        try
        {
            ModuleState.Copy(SafetensorsFile.Read(path).Tensors, module);
        }
        catch (ArgumentException exception)
        {
            throw new CheckpointException(path, exception.Message, exception);
        }
        catch (Exception exception) when (exception is FileNotFoundException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, exception is FileNotFoundException ? "it is missing" : exception.Message, exception);
        }
    }

    /// <summary>Writes a JSON file that names its format and version, the checksums of the files beside it, and its own.</summary>
    public static void WriteDescription(string path, string format, int version, IEnumerable<string> files, JsonObject content)
    {
        var json = new JsonObject
        {
            ["format"] = format,
            ["version"] = version,
            [FileChecksums.Property] = FileChecksums.Of(files),
        };
        foreach ((string name, JsonNode? node) in content)
            json[name] = node?.DeepClone();
        AtomicFile.WriteText(path, JsonFile.WithChecksum(json, Json));
    }

    /// <summary>Reads such a file back and checks all that it says of itself.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign or of a newer version,
    /// or a file beside it is missing or damaged.</exception>
    public static JsonObject ReadDescription(string path, string format, int version)
    {
        JsonObject json;
        try
        {
            json = JsonFile.ReadChecked(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"it cannot be read ({exception.Message})", exception);
        }
        catch (JsonException exception)
        {
            throw new CheckpointException(path, $"it is damaged: {exception.Message}", exception);
        }

        if (json["format"]?.ToString() != format)
            throw new CheckpointException(path, $"it is not a {format} but says '{json["format"]}'");
        if (!int.TryParse(json["version"]?.ToString(), out int found) || found < 1)
            throw new CheckpointException(path, $"it is damaged: '{json["version"]}' is no version");
        if (found > version)
            throw new CheckpointException(path, $"it has the version {found}, but this library reads versions up to {version}: update the library");
        if (json[FileChecksums.Property] is not JsonObject files)
            throw new CheckpointException(path, "it is damaged: it does not list the files beside it");
        return FileChecksums.FindFault(path, files) is { } fault ? throw new CheckpointException(fault.File, fault.Reason) : json;
    }

    private static Dictionary<string, string> MetadataOf(JsonNode? node)
    {
        Dictionary<string, string> metadata = JsonFile.Convert<Dictionary<string, string>>(node, Json);
        return metadata.ContainsValue(null!) ? throw new JsonException("a fact in its metadata is missing") : metadata;
    }

    private static void StoreKindOfLabelScheme(JsonTypeInfo type)
    {
        if (type.Type != typeof(LabelScheme))
            return;
        type.PolymorphismOptions = new JsonPolymorphismOptions();
        foreach (JsonDerivedType scheme in LabelSchemes)
            type.PolymorphismOptions.DerivedTypes.Add(scheme);
    }
}
