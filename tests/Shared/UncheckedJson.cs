using System.Text.Json;
using System.Text.Json.Nodes;

namespace KnowledgeDistillation.Tests;

/// <summary>Makes a JSON file one of an earlier version, which has no checksum of itself, so that a test can change it and see it read.</summary>
internal static class UncheckedJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Make(string path, Action<JsonObject>? change = null)
    {
        JsonObject content = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        content.Remove("checksum");
        content.Remove("checksumOf");
        change?.Invoke(content);
        File.WriteAllText(path, content.ToJsonString(Indented));
    }
}
