using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>Prints what a check found, an object of JSON per line, as soon as it is known.</summary>
internal static class DeviceResult
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Print(params (string Name, JsonNode? Value)[] values)
    {
        var result = new JsonObject();
        foreach ((string name, JsonNode? value) in values)
            result.Add(name, value);
        Console.WriteLine(result.ToJsonString(Readable));
    }
}
