using System.Globalization;
using System.Reflection;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Onnx;

/// <summary>Writes a graph as a file (ModelProto of onnx.proto, IR version 8), and weights that are too large for one file beside it.</summary>
internal static class OnnxFile
{
    /// <summary>A message of Protocol Buffers must stay below 2 GiB; the rest of the file needs some of it.</summary>
    public const long MostBytesWithin = 1_900_000_000;

    private const int IRVersion = 8;
    // Beginnings of pages, so that runtimes can map the weights into memory.
    private const long Alignment = 4096;
    // Shapes and the like stay in the file, where tools look for them.
    private const long LeastBytesOutside = 1024;

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file. Weights beside it are called the same with ".data" at the end.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="inputs">The inputs with their shapes; an axis is a number, or a name where any length fits.</param>
    /// <param name="output">The output with its shape.</param>
    /// <param name="metadata">The texts to keep.</param>
    /// <param name="mostBytesWithin">How many bytes of weights the file may hold itself.</param>
    public static void Write(
        string path,
        OnnxGraph graph,
        IReadOnlyList<(OnnxValue Value, IReadOnlyList<string> Shape)> inputs,
        (OnnxValue Value, IReadOnlyList<string> Shape) output,
        IReadOnlyDictionary<string, string> metadata,
        long mostBytesWithin = MostBytesWithin)
    {
        string data = $"{path}.data";
        bool isOutside = graph.Tensors.Sum(tensor => tensor.ByteCount) > mostBytesWithin;
        List<(OnnxTensor Tensor, long Offset)> outside = [];

        var inner = new ProtobufMessage();
        foreach (ProtobufMessage node in graph.Nodes)
            inner.Message(1, node);
        inner.Text(2, "network");
        foreach (OnnxTensor tensor in graph.Tensors)
            inner.Message(5, Initializer(tensor));
        foreach ((OnnxValue value, IReadOnlyList<string> shape) in inputs)
            inner.Message(11, ValueInfo(value, shape));
        inner.Message(12, ValueInfo(output.Value, output.Shape));

        ProtobufMessage model = new ProtobufMessage()
            .Number(1, IRVersion)
            .Text(2, nameof(KnowledgeDistillation))
            .Text(3, typeof(OnnxFile).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "")
            .Message(7, inner)
            .Message(8, new ProtobufMessage().Text(1, "").Number(2, OnnxGraph.OperatorSet));
        foreach ((string name, string value) in metadata.OrderBy(fact => fact.Key, StringComparer.Ordinal))
            model.Message(14, Entry(name, value));

        if (isOutside)
            AtomicFile.WriteTogether([(data, WriteOutside), (path, model.WriteTo)]);
        else
            AtomicFile.Write(path, model.WriteTo);

        // TensorProto.
        ProtobufMessage Initializer(OnnxTensor tensor)
        {
            var message = new ProtobufMessage();
            foreach (long length in tensor.Shape)
                message.Number(1, length);
            message.Number(2, tensor.ElementType).Text(8, tensor.Name);
            if (!isOutside || tensor.ByteCount < LeastBytesOutside)
                return message.Large(9, tensor.ByteCount, tensor.WriteValues);
            long offset = outside.Count == 0 ? 0 : Aligned(outside[^1].Offset + outside[^1].Tensor.ByteCount);
            outside.Add((tensor, offset));
            return message
                .Message(13, Entry("location", Path.GetFileName(data)))
                .Message(13, Entry("offset", offset.ToString(CultureInfo.InvariantCulture)))
                .Message(13, Entry("length", tensor.ByteCount.ToString(CultureInfo.InvariantCulture)))
                .Number(14, 1);
        }

        void WriteOutside(Stream stream)
        {
            foreach ((OnnxTensor tensor, long offset) in outside)
            {
                stream.Write(new byte[offset - stream.Position]);
                tensor.WriteValues(stream);
            }
        }
    }

    private static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;

    // StringStringEntryProto.
    private static ProtobufMessage Entry(string name, string value) => new ProtobufMessage().Text(1, name).Text(2, value);

    // ValueInfoProto with a TypeProto of one tensor.
    private static ProtobufMessage ValueInfo(OnnxValue value, IReadOnlyList<string> shape)
    {
        var axes = new ProtobufMessage();
        foreach (string length in shape)
        {
            bool isNumber = long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
            axes.Message(1, isNumber ? new ProtobufMessage().Number(1, number) : new ProtobufMessage().Text(2, length));
        }

        ProtobufMessage tensor = new ProtobufMessage().Number(1, OnnxTensor.Float).Message(2, axes);
        return new ProtobufMessage().Text(1, value.Name).Message(2, new ProtobufMessage().Message(1, tensor));
    }
}
