using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// Reads JSON, whoever wrote it: whatever is wrong with the content is a <see cref="JsonException"/> whose message says what. Writes documents
/// that carry a checksum of themselves.
/// </summary>
internal static class JsonFile
{
    private const string Checksum = "checksum", Algorithm = "checksumOf";
    private const string AlgorithmText = "SHA-256 of the properties above as JSON without white space";

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads a document.</summary>
    /// <param name="text">UTF-8, with or without a byte order mark.</param>
    /// <param name="options">What is allowed beyond plain JSON; names that stand twice never are.</param>
    /// <exception cref="JsonException">It is no JSON, a name stands twice in an object, or a text is not valid Unicode.</exception>
    public static JsonDocument ParseDocument(ReadOnlyMemory<byte> text, JsonDocumentOptions options = default)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(
                text.Span.StartsWith(ByteOrderMark) ? text[ByteOrderMark.Length..] : text, options with { AllowDuplicateProperties = false });
            RequireUnicode(document.RootElement);
            return document;
        }
        catch (Exception exception)
        {
            document?.Dispose();
            if (exception is InvalidOperationException or ArgumentException)
                throw new JsonException("it holds text that is not valid Unicode", exception);
            throw;
        }
    }

    /// <inheritdoc cref="ParseDocument"/>
    /// <returns>The document as a node.</returns>
    public static JsonNode? Parse(ReadOnlyMemory<byte> text)
    {
        using JsonDocument document = ParseDocument(text);
        JsonElement root = document.RootElement.Clone();
        return root.ValueKind switch
        {
            JsonValueKind.Object => JsonObject.Create(root),
            JsonValueKind.Array => JsonArray.Create(root),
            _ => JsonValue.Create(root),
        };
    }

    /// <summary>Makes an object of a type from a node.</summary>
    /// <exception cref="JsonException">The node is missing, of another form, or holds a list with nothing in a place.</exception>
    public static T Convert<T>(JsonNode? node, JsonSerializerOptions options) => (T)Convert(node, typeof(T), options);

    /// <inheritdoc cref="Convert{T}"/>
    public static object Convert(JsonNode? node, Type type, JsonSerializerOptions options)
    {
        RequireFilledLists(node);
        try
        {
            return node.Deserialize(type, options) ?? throw new JsonException("a part of it is missing");
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException or ArgumentException or FormatException)
        {
            // A type without the name by which it is known, or values that the type itself refuses.
            throw new JsonException(exception.Message, exception);
        }
    }

    /// <summary>The text of a document with a checksum of its content at its end.</summary>
    public static string WithChecksum(JsonObject content, JsonSerializerOptions options)
    {
        var document = (JsonObject)content.DeepClone();
        document[Algorithm] = AlgorithmText;
        document[Checksum] = ChecksumOf(document);
        return document.ToJsonString(options);
    }

    /// <summary>
    /// Reads the object in a file and compares it with its checksum. One without a checksum, as earlier versions wrote them, is taken as it is.
    /// </summary>
    /// <returns>The object without its checksum.</returns>
    /// <exception cref="JsonException">It is no JSON, no object, a name stands twice, a text is not valid Unicode, or the content has changed.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static JsonObject ReadChecked(string path)
    {
        JsonObject document = Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new JsonException("it holds no JSON object");
        // Two properties, so that damage to the name of one does not make the file one of an earlier version.
        if (!document.ContainsKey(Checksum) && !document.ContainsKey(Algorithm))
            return document;
        string? stated = document[Checksum]?.ToString();
        document.Remove(Checksum);
        if (stated != ChecksumOf(document))
            throw new JsonException("its checksum is not that of its content: it was damaged, or changed by hand");
        document.Remove(Algorithm);
        return document;
    }

    private static string ChecksumOf(JsonObject document) =>
        System.Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes<JsonNode>(document)));

    // Texts are decoded only when they are looked at.
    private static void RequireUnicode(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                _ = property.Name;
                RequireUnicode(property.Value);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
                RequireUnicode(item);
        }
        else if (element.ValueKind == JsonValueKind.String)
        {
            _ = element.GetString();
        }
    }

    // Our lists hold no gaps, which the serializer would let through as null.
    private static void RequireFilledLists(JsonNode? node)
    {
        foreach (JsonNode? part in node switch { JsonObject content => content.Select(property => property.Value), JsonArray list => list, _ => [] })
        {
            if (part is not null)
                RequireFilledLists(part);
            else if (node is JsonArray)
                throw new JsonException("a list in it has nothing in a place");
        }
    }
}
