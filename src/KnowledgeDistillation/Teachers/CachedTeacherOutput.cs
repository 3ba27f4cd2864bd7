using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Teachers;

/// <summary>What a teacher made of one sample, outside of torch's memory.</summary>
/// <param name="Logits">Float16 values.</param>
/// <param name="LogitsShape">[K, spatial...].</param>
/// <param name="Bottleneck">Float32 values.</param>
/// <param name="BottleneckShape">[C, spatial...].</param>
/// <param name="Levels">How many levels the encoder has.</param>
internal sealed record CachedTeacherOutput(byte[] Logits, long[] LogitsShape, byte[] Bottleneck, long[] BottleneckShape, int Levels)
{
    private const string LogitsName = "logits", BottleneckName = "bottleneck", LevelsName = "levels";

    public long ByteCount => Logits.LongLength + Bottleneck.LongLength;

    public static CachedTeacherOutput Of(Tensor logits, Tensor bottleneck, int levels) =>
        new(logits.bytes.ToArray(), logits.shape, bottleneck.bytes.ToArray(), bottleneck.shape, levels);

    /// <summary>One part of several samples as a float32 batch on a device.</summary>
    public static Tensor Stack(IReadOnlyList<CachedTeacherOutput> outputs, Func<CachedTeacherOutput, byte[]> part, long[] shape, ScalarType type, Device device)
    {
        using Tensor batch = empty([outputs.Count, .. shape], type);
        Span<byte> bytes = batch.bytes;
        foreach (CachedTeacherOutput output in outputs)
        {
            part(output).CopyTo(bytes);
            bytes = bytes[part(output).Length..];
        }

        // Float16 is widened on the device, so that half as much is copied; a copy from ordinary memory has been read when the call returns.
        using Tensor moved = device.type == TorchSharp.DeviceType.CPU ? batch.alias() : batch.to(device, non_blocking: true);
        return type == ScalarType.Float32 ? moved.alias() : moved.to(ScalarType.Float32);
    }

    public void Write(string file)
    {
        using var scope = NewDisposeScope();
        Device cpu = CPU;
        SafetensorsFile.Write(
            file,
            new Dictionary<string, Tensor>
            {
                [LogitsName] = Stack([this], output => output.Logits, LogitsShape, ScalarType.Float16, cpu).to(ScalarType.Float16),
                [BottleneckName] = Stack([this], output => output.Bottleneck, BottleneckShape, ScalarType.Float32, cpu),
            },
            new Dictionary<string, string> { [LevelsName] = $"{Levels}" });
    }

    /// <returns>What the file holds; null where there is no file, or a damaged one, which will be written again.</returns>
    public static CachedTeacherOutput? Read(string file)
    {
        if (!File.Exists(file))
            return null;
        try
        {
            using SafetensorsFile stored = SafetensorsFile.Read(file);
            using Tensor logits = stored.Tensors[LogitsName][0], bottleneck = stored.Tensors[BottleneckName][0];
            return Of(logits, bottleneck, int.Parse(stored.Metadata[LevelsName], System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is CheckpointException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
