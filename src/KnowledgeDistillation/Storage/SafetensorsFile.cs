using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// The tensors of a file in the safetensors format: the length of the header (8 bytes, little-endian), the header (JSON:
/// the type, shape and place of each tensor, and text metadata), then the values. Python's <c>safetensors</c> reads and writes the same files.
/// </summary>
/// <remarks>
/// A file is data only: reading one never runs code from it. Element types: F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL.
/// Not safe for use by several threads at once.
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    // A span holds fewer than 2^31 bytes; larger tensors pass through in pieces of this many.
    private const long PieceBytes = 1L << 30;

    private const int HeaderAlignment = 8;

    private SafetensorsFile(SafetensorsHeader header, IReadOnlyDictionary<string, Tensor> tensors) => (Header, Tensors) = (header, tensors);

    /// <summary>Types, shapes and metadata.</summary>
    public SafetensorsHeader Header { get; }

    /// <summary>The tensors by name, on the CPU, without gradient.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>The writer's metadata, text by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata => Header.Metadata;

    /// <summary>
    /// Writes a file. It appears complete under its name or not at all: a former file stays until the new one is on disk.
    /// The same tensors and metadata give the same bytes, whatever their order.
    /// </summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="tensors">The tensors by name, on any device, contiguous or not. They are not changed.</param>
    /// <param name="metadata">Metadata to keep, text by name; none if null.</param>
    /// <exception cref="ArgumentException">A tensor is sparse, quantized or of a type that the format lacks,
    /// or its name is the reserved "__metadata__".</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        Item[] items = [.. tensors.Select(pair => new Item(pair.Key, pair.Value))];

        // Larger elements first, so that each tensor begins at a multiple of its element size and can be used where it lies; then by name.
        Array.Sort(items, (left, right) => left.ElementSize != right.ElementSize
            ? right.ElementSize.CompareTo(left.ElementSize)
            : string.CompareOrdinal(left.Name, right.Name));

        byte[] header = HeaderOf(items, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (Item item in items)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor values = item.Tensor.detach().cpu().contiguous();
                foreach (Tensor piece in Pieces(values, item.ElementSize))
                    stream.Write(piece.bytes);
            }
        });
    }

    /// <summary>Reads a file as fresh tensors on the CPU.</summary>
    /// <param name="path">The file.</param>
    /// <returns>
    /// The tensors. They belong to the caller and are disposed with the result; in a dispose scope of TorchSharp they also belong to that scope, as any
    /// other tensor made there.
    /// </returns>
    /// <exception cref="CheckpointException">The file is damaged or no safetensors file. Nothing larger than the file is allocated for it.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static SafetensorsFile Read(string path)
    {
        using FileStream stream = Open(path);
        try
        {
            var header = SafetensorsHeader.Read(stream, path);
            using DisposeScope scope = NewDisposeScope();
            var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            foreach (SafetensorsEntry entry in header.Tensors)
            {
                Tensor tensor = empty([.. entry.Shape], dtype: entry.ElementType, device: CPU);
                foreach (Tensor piece in Pieces(tensor, entry.ByteCount / Math.Max(1, tensor.NumberOfElements)))
                    stream.ReadExactly(piece.bytes);
                tensors.Add(entry.Name, tensor);
            }

            // Handed to the caller's scope only now, so that a failure half-way leaves no tensor behind.
            foreach (Tensor tensor in tensors.Values)
                tensor.MoveToOuterDisposeScope();
            return new SafetensorsFile(header, tensors);
        }
        catch (EndOfStreamException e)
        {
            throw new CheckpointException(path, "it became shorter while it was read.", e);
        }
    }

    /// <summary>Reads only what the file holds, not the values. Needs no torch backend.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The file is damaged or no safetensors file.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static SafetensorsHeader ReadHeader(string path)
    {
        using FileStream stream = Open(path);
        try
        {
            return SafetensorsHeader.Read(stream, path);
        }
        catch (EndOfStreamException e)
        {
            throw new CheckpointException(path, "it became shorter while it was read.", e);
        }
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in Tensors.Values)
            tensor.Dispose();
    }

    private static FileStream Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
    }

    private static byte[] HeaderOf(Item[] items, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach ((string name, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(name, value ?? throw new ArgumentException($"The metadata '{name}' is null.", nameof(metadata)));
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (Item item in items)
            {
                json.WriteStartObject(item.Name);
                json.WriteString("dtype", item.TypeName);
                json.WriteStartArray("shape");
                foreach (long size in item.Tensor.shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += item.Tensor.NumberOfElements * item.ElementSize);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }

        // Padded with spaces, so that the values begin aligned.
        byte[] header = new byte[(buffer.WrittenCount + HeaderAlignment - 1) / HeaderAlignment * HeaderAlignment];
        buffer.WrittenSpan.CopyTo(header);
        header.AsSpan(buffer.WrittenCount).Fill((byte)' ');
        return header;
    }

    /// <summary>The elements of a contiguous tensor in order, in tensors small enough for a span each.</summary>
    internal static IEnumerable<Tensor> Pieces(Tensor values, long elementSize, long pieceBytes = PieceBytes)
    {
        long count = values.NumberOfElements;
        if (count == 0)
            yield break;
        if (count * elementSize <= pieceBytes)
        {
            yield return values;
            yield break;
        }
        Tensor flat = values.view(-1);
        long pieceCount = pieceBytes / elementSize;
        for (long start = 0; start < count; start += pieceCount)
            yield return flat.narrow(0, start, Math.Min(pieceCount, count - start));
    }

    /// <summary>A tensor that has been found fit to write.</summary>
    private readonly struct Item
    {
        public Item(string name, Tensor tensor)
        {
            if (name == SafetensorsHeader.MetadataKey)
                throw new ArgumentException($"No tensor may be named '{name}': the format keeps its metadata there.");
            if (tensor is null)
                throw new ArgumentException($"The tensor '{name}' is null.");
            if (tensor.is_sparse)
                throw new ArgumentException($"The tensor '{name}' is sparse; call to_dense() first.");
            (TypeName, ElementSize) = SafetensorsElementType.Find(tensor.dtype)
                ?? throw new ArgumentException(
                    $"The tensor '{name}' is of type {tensor.dtype}, which safetensors cannot hold; convert it to one of {SafetensorsElementType.Names}.");
            (Name, Tensor) = (name, tensor);
        }

        public string Name { get; }

        public Tensor Tensor { get; }

        public string TypeName { get; }

        public int ElementSize { get; }
    }
}
