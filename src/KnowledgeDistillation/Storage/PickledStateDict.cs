using System.IO.Compression;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// Reads the tensors of a state dictionary that PyTorch's <c>torch.save</c> wrote (the zip format of PyTorch 1.6 and later), also within a training checkpoint.
/// </summary>
/// <remarks>
/// A pickle is a program. This reader runs none: it knows a closed set of instructions and of names, those of tensors and of the plain data beside them,
/// and refuses every other name. Nothing larger than the file is allocated for it.
/// </remarks>
internal static class PickledStateDict
{
    // Where frameworks keep the weights within a checkpoint: PyTorch Lightning and MONAI, nnU-Net v2, others.
    private static readonly string[] KnownKeys = ["state_dict", "network_weights", "model_state_dict", "model"];

    private const string PickleName = "/data.pkl";
    private const long LargestPickle = 100_000_000;

    /// <summary>Whether a file begins as a zip archive does.</summary>
    public static bool IsArchive(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8);

    /// <summary>Whether a file begins as PyTorch's format before 1.6 does.</summary>
    public static bool IsPickle(ReadOnlySpan<byte> start) => start.Length >= 2 && start[0] == 0x80 && start[1] <= 5;

    /// <summary>Reads the tensors into the dispose scope of the caller.</summary>
    /// <exception cref="CheckpointException">The file is damaged, foreign or hostile, or holds no state dictionary.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(string path)
    {
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            ZipArchiveEntry pickle = archive.Entries.SingleOrDefault(entry => entry.FullName.EndsWith(PickleName, StringComparison.Ordinal))
                ?? throw new CheckpointException(path, "it is a zip archive without data.pkl, so PyTorch did not write it");
            string folder = pickle.FullName[..^PickleName.Length];
            if (archive.GetEntry($"{folder}/byteorder") is { } order && System.Text.Encoding.ASCII.GetString(Bytes(order, 16)) != "little")
                throw new InvalidDataException("its numbers are not little-endian");
            return StateDict(new PickleReader(Bytes(pickle, LargestPickle)).Read())
                .ToDictionary(item => item.Key, item => Make(archive, folder, item.Value), StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or ArgumentException or InvalidCastException
            or OverflowException or IndexOutOfRangeException)
        {
            throw new CheckpointException(path, exception.Message, exception);
        }
    }

    private static Dictionary<string, PickledTensor> StateDict(object? root)
    {
        if (root is not PickledDictionary dictionary)
            throw new InvalidDataException("it holds no dictionary of weights; save the model's state_dict() and not the model");
        if (TensorsOf(dictionary) is { } tensors)
            return tensors;
        foreach (string key in KnownKeys)
        {
            if (dictionary.TryGet(key) is PickledDictionary inner && TensorsOf(inner) is { } found)
                return found;
        }

        throw new InvalidDataException(
            $"it holds no weights under {string.Join(", ", KnownKeys)}; it has: {string.Join(", ", dictionary.Keys.Select(each => each ?? "nothing"))}");
    }

    private static Dictionary<string, PickledTensor>? TensorsOf(PickledDictionary dictionary) =>
        dictionary.Count > 0 && dictionary.Items.All(item => item is { Key: string, Value: PickledTensor })
            ? dictionary.Items.ToDictionary(item => (string)item.Key!, item => (PickledTensor)item.Value!, StringComparer.Ordinal)
            : null;

    private static Tensor Make(ZipArchive archive, string folder, PickledTensor tensor)
    {
        (ScalarType type, int size) = SafetensorsElementType.Find(tensor.ElementType)
            ?? throw new InvalidDataException($"it has the type {tensor.ElementType}");
        ZipArchiveEntry entry = archive.GetEntry($"{folder}/data/{tensor.StorageKey}")
            ?? throw new InvalidDataException($"data/{tensor.StorageKey} is missing");
        long count = entry.Length / size;
        // The last element that a view reaches, checked before anything is made.
        Int128 last = tensor.Offset;
        for (int axis = 0; axis < tensor.Shape.Length; axis++)
        {
            if (tensor.Shape[axis] < 0 || tensor.Strides[axis] < 0)
                throw new InvalidDataException("a tensor has a negative size or stride");
            last += (Int128)(tensor.Shape[axis] - 1) * tensor.Strides[axis];
        }

        Int128 elements = tensor.Shape.Aggregate((Int128)1, (product, length) => product * length);
        bool isEmpty = elements == 0;
        // A view that repeats elements may be larger than its storage; a state dictionary has none.
        if (tensor.Offset < 0 || (!isEmpty && last >= count) || elements > count)
            throw new InvalidDataException($"a tensor [{string.Join(", ", tensor.Shape)}] reaches beyond its {count} elements");
        if (isEmpty)
            return empty(tensor.Shape, type, CPU);

        // Opened before anything is allocated, because only then is it known that the file is as long as it says.
        using Stream stream = Stored(entry).Open();
        using var scope = NewDisposeScope();
        Tensor storage = empty([count], type, CPU);
        foreach (Tensor piece in SafetensorsFile.Pieces(storage, size))
            stream.ReadExactly(piece.bytes);
        return storage.as_strided(tensor.Shape, tensor.Strides, tensor.Offset).contiguous().clone().MoveToOuterDisposeScope();
    }

    private static byte[] Bytes(ZipArchiveEntry entry, long most)
    {
        if (entry.Length > most)
            throw new InvalidDataException($"{entry.Name} has {entry.Length} bytes");
        using Stream stream = Stored(entry).Open();
        byte[] bytes = new byte[entry.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    // torch.save never compresses; what is compressed may be far larger than the file.
    private static ZipArchiveEntry Stored(ZipArchiveEntry entry) => entry.CompressedLength == entry.Length
        ? entry
        : throw new InvalidDataException($"{entry.Name} is compressed, which PyTorch never does");
}
