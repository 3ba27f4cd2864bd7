using System.IO.Compression;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// Reads the tensors of a state dictionary that PyTorch's <c>torch.save</c> wrote (the zip format of PyTorch 1.6 and later), also within a training checkpoint.
/// </summary>
/// <remarks>
/// A pickle is a program. This reader runs none: it knows a closed set of instructions and of names, those of tensors and of the plain data beside them,
/// and refuses every other name. The values of a file are read once, however many tensors show them, so that all tensors together take no more memory
/// than the file; what the pickle says of them takes a multiple of the pickle's own length.
/// </remarks>
internal static class PickledStateDict
{
    // Where frameworks keep the weights within a checkpoint: PyTorch Lightning and MONAI, nnU-Net v2, others.
    private static readonly string[] KnownKeys = ["state_dict", "network_weights", "model_state_dict", "model"];

    private const string PickleName = "/data.pkl";
    private const long LargestPickle = 100_000_000;
    private const int MostNamedKeys = 10, LongestNamedKey = 50;

    /// <summary>Whether a file begins as a zip archive does.</summary>
    public static bool IsArchive(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8);

    /// <summary>Whether a file begins as PyTorch's format before 1.6 does.</summary>
    public static bool IsPickle(ReadOnlySpan<byte> start) => start.Length >= 2 && start[0] == 0x80 && start[1] <= 5;

    /// <summary>Reads the tensors into the dispose scope of the caller; those that share their values in the file share them here too, as in PyTorch.</summary>
    /// <exception cref="CheckpointException">The file is damaged, foreign or hostile, or holds no state dictionary.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(string path)
    {
        try
        {
            using ZipEntries zip = new(path);
            if (zip.All.Where(entry => entry.FullName.EndsWith(PickleName, StringComparison.Ordinal)).Take(2).ToArray() is not [ZipArchiveEntry pickle])
                throw new CheckpointException(path, "it is a zip archive without exactly one data.pkl, so PyTorch did not write it");
            string folder = pickle.FullName[..^PickleName.Length];
            if (zip.Find($"{folder}/byteorder") is { } order && System.Text.Encoding.ASCII.GetString(zip.StoredBytes(order, 16)) != "little")
                throw new InvalidDataException("its numbers are not little-endian");
            Dictionary<string, PickledTensor> state = StateDict(new PickleReader(zip.StoredBytes(pickle, LargestPickle)).Read());
            using var scope = NewDisposeScope();
            Dictionary<string, Storage> storages = new(StringComparer.Ordinal);
            var tensors = state.ToDictionary(
                item => item.Key, item => Make(item.Value, StorageOf(item.Value, zip, folder, storages)), StringComparer.Ordinal);

            // Handed to the caller's scope only now, so that a failure half-way leaves no tensor behind.
            foreach (Tensor tensor in tensors.Values)
                tensor.MoveToOuterDisposeScope();
            return tensors;
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
            $"it holds no weights under {string.Join(", ", KnownKeys)}; it has: {Names(dictionary)}");
    }

    // Of a hostile file there may be very many, and very long ones.
    private static string Names(PickledDictionary dictionary)
    {
        IEnumerable<string> names = dictionary.Keys.Take(MostNamedKeys).Select(key => key as string ?? "something that is no text");
        return string.Join(", ", names.Select(name => name.Length <= LongestNamedKey ? name : name[..LongestNamedKey] + "…"))
            + (dictionary.Count > MostNamedKeys ? $" and {dictionary.Count - MostNamedKeys} more" : "");
    }

    private static Dictionary<string, PickledTensor>? TensorsOf(PickledDictionary dictionary) =>
        dictionary.Count > 0 && dictionary.Items.All(item => item is { Key: string, Value: PickledTensor })
            ? dictionary.Items.ToDictionary(item => (string)item.Key!, item => (PickledTensor)item.Value!, StringComparer.Ordinal)
            : null;

    // The values of a storage, read where no tensor before has needed them.
    private static Storage StorageOf(PickledTensor tensor, ZipEntries zip, string folder, Dictionary<string, Storage> storages)
    {
        if (storages.TryGetValue(tensor.StorageKey, out Storage? known))
        {
            return known.ElementType == tensor.ElementType
                ? known
                : throw new InvalidDataException($"data/{tensor.StorageKey} is both {known.ElementType} and {tensor.ElementType}");
        }

        (ScalarType type, int size) = SafetensorsElementType.Find(tensor.ElementType)
            ?? throw new InvalidDataException($"it has the type {tensor.ElementType}");
        ZipArchiveEntry entry = zip.Find($"{folder}/data/{tensor.StorageKey}")
            ?? throw new InvalidDataException($"data/{tensor.StorageKey} is missing");
        // Opened before anything is allocated, because only then is it known that the file is as long as it says.
        using Stream stream = zip.OpenStored(entry);
        var storage = new Storage(tensor.ElementType, empty([entry.Length / size], type, CPU));
        foreach (Tensor piece in SafetensorsFile.Pieces(storage.Values, size))
            stream.ReadExactly(piece.bytes);
        storages.Add(tensor.StorageKey, storage);
        return storage;
    }

    private static Tensor Make(PickledTensor tensor, Storage storage)
    {
        long count = storage.Values.NumberOfElements;
        if (TensorShapes.FindFault(tensor.Shape, (int)storage.Values.element_size(), out long bytes) is { } fault)
            throw new InvalidDataException($"a tensor {fault}");
        if (tensor.Offset < 0 || Array.Exists(tensor.Strides, stride => stride < 0))
            throw new InvalidDataException("a tensor has a negative offset or stride");
        if (bytes == 0)
            return empty(tensor.Shape, storage.Values.dtype, CPU);

        // The last element that the view reaches. The sizes have a product below 2^63, so the sum is below 2^127.
        Int128 last = tensor.Offset;
        for (int axis = 0; axis < tensor.Shape.Length; axis++)
            last += (Int128)(tensor.Shape[axis] - 1) * tensor.Strides[axis];
        // A view that repeats elements may be larger than its storage; a state dictionary has none.
        return last < count && bytes / storage.Values.element_size() <= count
            ? storage.Values.as_strided(tensor.Shape, tensor.Strides, tensor.Offset)
            : throw new InvalidDataException($"a tensor [{string.Join(", ", tensor.Shape)}] reaches beyond its {count} elements");
    }

    private sealed record Storage(string ElementType, Tensor Values);
}
