using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace KnowledgeDistillation.Storage;

/// <summary>The checksums of the files beside a JSON document, which it lists.</summary>
internal static class FileChecksums
{
    /// <summary>The property of the document that holds them.</summary>
    public const string Property = "files";

    /// <summary>The SHA-256 of a file.</summary>
    public static string Of(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>The checksums of files, by name.</summary>
    public static JsonObject Of(IEnumerable<string> paths) =>
        new(paths.Select(path => KeyValuePair.Create<string, JsonNode?>(Path.GetFileName(path), Of(path))));

    /// <summary>The first file beside a document that is missing or has changed; null where there is none.</summary>
    public static (string File, string Reason)? FindFault(string document, JsonObject checksums)
    {
        foreach ((string name, JsonNode? checksum) in checksums)
        {
            string file = Path.Combine(Path.GetDirectoryName(document)!, Path.GetFileName(name));
            if (!File.Exists(file))
                return (file, "it is missing");
            if (Of(file) != checksum?.ToString())
                return (file, $"it is damaged: its checksum is not the one that {Path.GetFileName(document)} states");
        }

        return null;
    }
}
