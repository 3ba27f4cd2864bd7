using System.Runtime.InteropServices;
using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Onnx;

/// <summary>A weight or constant of a graph: its place in the file, and what writes its values.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="ElementType">The number of its element type in onnx.proto.</param>
/// <param name="ByteCount">The number of bytes of its values.</param>
/// <param name="WriteValues">Writes them.</param>
internal sealed record OnnxTensor(string Name, IReadOnlyList<long> Shape, int ElementType, long ByteCount, Action<Stream> WriteValues)
{
    /// <summary>The number of float32 in onnx.proto.</summary>
    public const int Float = 1;

    private const int Int64 = 7;

    public static OnnxTensor Of(string name, Tensor tensor) => new(name, tensor.shape, Float, tensor.NumberOfElements * sizeof(float), stream =>
    {
        using var scope = NewDisposeScope();
        Tensor values = tensor.detach().to(ScalarType.Float32).cpu().contiguous();
        foreach (Tensor piece in SafetensorsFile.Pieces(values, sizeof(float)))
            stream.Write(piece.bytes);
    });

    public static OnnxTensor Of(string name, IReadOnlyList<float> values, long[] shape) =>
        new(name, shape, Float, values.Count * sizeof(float), stream => stream.Write(MemoryMarshal.AsBytes<float>([.. values])));

    public static OnnxTensor Of(string name, IReadOnlyList<long> values) =>
        new(name, [values.Count], Int64, values.Count * sizeof(long), stream => stream.Write(MemoryMarshal.AsBytes<long>([.. values])));
}
