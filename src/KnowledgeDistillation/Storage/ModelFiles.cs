using System.Reflection;
using System.Security.Cryptography;
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

    internal static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
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
                json["labels"].Deserialize<LabelScheme>(Json) ?? throw new JsonException("the label scheme is missing"),
                json["metadata"].Deserialize<Dictionary<string, string>>(Json) ?? []);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new CheckpointException(path, exception.Message, exception);
        }
    }

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

    /// <summary>Writes a JSON file that names its format and version, and the checksums of the files beside it.</summary>
    public static void WriteDescription(string path, string format, int version, IEnumerable<string> files, JsonObject content)
    {
        var json = new JsonObject
        {
            ["format"] = format,
            ["version"] = version,
            ["files"] = new JsonObject(files.Select(file => KeyValuePair.Create<string, JsonNode?>(Path.GetFileName(file), Checksum(file)))),
        };
        foreach ((string name, JsonNode? node) in content.ToArray())
            json[name] = node?.DeepClone();
        AtomicFile.WriteText(path, json.ToJsonString(Json));
    }

    /// <summary>Reads such a file back and checks all that it says of itself.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign or of a newer version,
    /// or a file beside it is missing or damaged.</exception>
    public static JsonObject ReadDescription(string path, string format, int version)
    {
        JsonObject json;
        try
        {
            json = JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new JsonException("it holds no JSON object");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"it cannot be read ({exception.Message})", exception);
        }
        catch (JsonException exception)
        {
            throw new CheckpointException(path, "it is damaged: it is not valid JSON", exception);
        }

        if (json["format"]?.ToString() != format)
            throw new CheckpointException(path, $"it is not a {format} but says '{json["format"]}'");
        if (!int.TryParse(json["version"]?.ToString(), out int found) || found < 1)
            throw new CheckpointException(path, $"it is damaged: '{json["version"]}' is no version");
        if (found > version)
            throw new CheckpointException(path, $"it has the version {found}, but this library reads versions up to {version}: update the library");
        if (json["files"] is not JsonObject files)
            throw new CheckpointException(path, "it is damaged: it does not list the files beside it");
        foreach ((string name, JsonNode? checksum) in files)
        {
            string file = Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileName(name));
            if (!File.Exists(file))
                throw new CheckpointException(file, "it is missing");
            if (Checksum(file) != checksum?.ToString())
                throw new CheckpointException(file, $"it is damaged: its checksum is not the one that {Path.GetFileName(path)} states");
        }

        return json;
    }

    private static void StoreKindOfLabelScheme(JsonTypeInfo type)
    {
        if (type.Type != typeof(LabelScheme))
            return;
        type.PolymorphismOptions = new JsonPolymorphismOptions();
        foreach (JsonDerivedType scheme in LabelSchemes)
            type.PolymorphismOptions.DerivedTypes.Add(scheme);
    }

    private static string Checksum(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
