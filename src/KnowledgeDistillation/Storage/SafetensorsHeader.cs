using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>What a safetensors file holds, without the values.</summary>
/// <remarks>Immutable and safe to share between threads. Reading it needs no torch backend.</remarks>
public sealed class SafetensorsHeader
{
    // The limit of the format's own readers.
    private const long LargestHeader = 100_000_000;

    internal const string MetadataKey = "__metadata__";

    private static readonly JsonDocumentOptions Json = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private SafetensorsHeader(IReadOnlyList<SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata, long dataStart) =>
        (Tensors, Metadata, DataStart) = (tensors, metadata, dataStart);

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Tensors { get; }

    /// <summary>The writer's metadata, text by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Where the bytes of the tensors begin in the file.</summary>
    internal long DataStart { get; }

    /// <summary>Reads and checks the header at the start of a file whose length is known. The stream is left at the first byte of the tensors.</summary>
    internal static SafetensorsHeader Read(Stream stream, string path)
    {
        long fileLength = stream.Length;
        Span<byte> lengthBytes = stackalloc byte[sizeof(ulong)];
        if (fileLength < lengthBytes.Length)
            throw new CheckpointException(path, $"it has {fileLength} bytes, too few for a safetensors file.");
        stream.ReadExactly(lengthBytes);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length > LargestHeader)
        {
            throw new CheckpointException(path,
                $"its header claims {length} bytes, more than the {LargestHeader} that a safetensors file may have; it is probably another kind of file.");
        }

        if (length > (ulong)(fileLength - lengthBytes.Length))
            throw new CheckpointException(path, $"it is truncated: the header claims {length} bytes, but only {fileLength - lengthBytes.Length} follow.");

        byte[] json = new byte[length];
        stream.ReadExactly(json);
        if (json.Length == 0 || json[0] != (byte)'{')
            throw new CheckpointException(path, "its header is no JSON object; it is probably another kind of file.");
        long dataStart = lengthBytes.Length + json.Length;
        try
        {
            using var document = JsonDocument.Parse(json, Json);
            var (entries, metadata) = Parse(document.RootElement, path);
            RequireContiguous(entries, fileLength - dataStart, path);
            return new SafetensorsHeader(entries, metadata, dataStart);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // JsonElement reports text that is not valid Unicode as an invalid operation.
            throw new CheckpointException(path, $"its header is not valid JSON: {e.Message}", e);
        }
    }

    private static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(JsonElement root, string path)
    {
        var entries = new List<SafetensorsEntry>();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name != MetadataKey)
            {
                entries.Add(ParseEntry(property.Name, property.Value, path));
                continue;
            }
            if (property.Value.ValueKind != JsonValueKind.Object)
                throw new CheckpointException(path, "its metadata is no JSON object.");
            foreach (JsonProperty item in property.Value.EnumerateObject())
            {
                metadata.Add(item.Name, item.Value.ValueKind == JsonValueKind.String
                    ? item.Value.GetString()!
                    : throw new CheckpointException(path, $"its metadata '{item.Name}' is no text."));
            }
        }
        return (entries, metadata);
    }

    private static SafetensorsEntry ParseEntry(string name, JsonElement entry, string path)
    {
        CheckpointException Fault(string reason) => new(path, $"tensor '{name}' {reason}");

        if (entry.ValueKind != JsonValueKind.Object
            || !entry.TryGetProperty("dtype", out JsonElement type) || type.ValueKind != JsonValueKind.String
            || !entry.TryGetProperty("shape", out JsonElement sizes) || sizes.ValueKind != JsonValueKind.Array
            || !entry.TryGetProperty("data_offsets", out JsonElement offsets) || offsets.ValueKind != JsonValueKind.Array)
        {
            throw Fault("lacks a dtype (text), a shape (array) or data_offsets (array).");
        }

        string typeName = type.GetString()!;
        (ScalarType elementType, int elementSize) = SafetensorsElementType.Find(typeName)
            ?? throw Fault($"has the element type '{typeName}', which is not one of {SafetensorsElementType.Names}.");

        long[] shape = new long[sizes.GetArrayLength()];
        for (int i = 0; i < shape.Length; i++)
        {
            if (!IsSize(sizes[i], out shape[i]))
                throw Fault($"has the size {sizes[i].GetRawText()} along dimension {i}, which is no whole number from 0.");
        }

        if (TensorShapes.FindFault(shape, elementSize, out long bytes) is { } fault)
            throw Fault(fault);
        if (offsets.GetArrayLength() != 2 || !IsSize(offsets[0], out long begin) || !IsSize(offsets[1], out long end) || end < begin)
            throw Fault("has data_offsets that are not two whole numbers in rising order.");
        return end - begin == bytes
            ? new SafetensorsEntry(name, elementType, shape, begin, end - begin)
            : throw Fault($"occupies {end - begin} bytes, but its shape [{string.Join(", ", shape)}] of {typeName} needs {bytes}.");
    }

    private static bool IsSize(JsonElement element, out long size)
    {
        size = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out size) && size >= 0;
    }

    // Each byte belongs to exactly one tensor. So no data can hide in the file, and all tensors together are no larger than the file.
    private static void RequireContiguous(List<SafetensorsEntry> entries, long dataLength, string path)
    {
        entries.Sort((left, right) => (left.Offset, left.ByteCount).CompareTo((right.Offset, right.ByteCount)));
        long position = 0;
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.Offset != position)
            {
                string fault = entry.Offset < position ? "overlaps the one before it" : "leaves a gap after the one before it";
                throw new CheckpointException(path, $"tensor '{entry.Name}' begins at byte {entry.Offset} and {fault}, which ends at byte {position}.");
            }
            position += entry.ByteCount;
            if (position > dataLength)
            {
                throw new CheckpointException(
                    path, $"it is truncated: tensor '{entry.Name}' ends at byte {position} of the data, but there are only {dataLength}.");
            }
        }
        if (position != dataLength)
            throw new CheckpointException(path, $"{dataLength - position} bytes at its end belong to no tensor.");
    }
}
