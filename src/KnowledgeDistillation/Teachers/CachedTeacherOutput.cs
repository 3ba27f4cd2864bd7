using System.Globalization;
using System.Security.Cryptography;
using System.Text;
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
    private const string LogitsName = "logits", BottleneckName = "bottleneck", LevelsName = "levels", ChecksumName = "sha256";

    public long ByteCount => Logits.LongLength + Bottleneck.LongLength;

    public static CachedTeacherOutput Of(Tensor logits, Tensor bottleneck, int levels) =>
        new(logits.bytes.ToArray(), logits.shape, bottleneck.bytes.ToArray(), bottleneck.shape, levels);

    /// <summary>One part of several samples as a float32 batch on a device.</summary>
    public static Tensor Stack(IReadOnlyList<byte[]> parts, long[] shape, ScalarType type, Device device)
    {
        using Tensor batch = empty([parts.Count, .. shape], type);
        Span<byte> bytes = batch.bytes;
        foreach (byte[] part in parts)
        {
            part.CopyTo(bytes);
            bytes = bytes[part.Length..];
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
                [LogitsName] = Stack([Logits], LogitsShape, ScalarType.Float16, cpu).to(ScalarType.Float16),
                [BottleneckName] = Stack([Bottleneck], BottleneckShape, ScalarType.Float32, cpu),
            },
            new Dictionary<string, string>
            {
                [LevelsName] = Levels.ToString(CultureInfo.InvariantCulture),
                [ChecksumName] = Checksum(),
            });
    }

    /// <returns>What the file holds; null where there is no file, or a damaged one (its checksum tells), which will be written again.</returns>
    public static CachedTeacherOutput? Read(string file)
    {
        if (!File.Exists(file))
            return null;
        try
        {
            using SafetensorsFile stored = SafetensorsFile.Read(file);
            Tensor logits = stored.Tensors[LogitsName], bottleneck = stored.Tensors[BottleneckName];
            if (logits.dtype != ScalarType.Float16 || bottleneck.dtype != ScalarType.Float32 || logits.shape is not [1, ..] || bottleneck.shape is not [1, ..]
                || !int.TryParse(stored.Metadata[LevelsName], NumberStyles.None, CultureInfo.InvariantCulture, out int levels))
            {
                return null;
            }

            using Tensor sampleLogits = logits[0], sampleBottleneck = bottleneck[0];
            CachedTeacherOutput output = Of(sampleLogits, sampleBottleneck, levels);
            return output.Checksum() == stored.Metadata[ChecksumName] ? output : null;
        }
        catch (Exception exception) when (exception is CheckpointException or KeyNotFoundException)
        {
            return null;
        }
    }

    private string Checksum()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant(
            $"{Levels} levels, logits {string.Join(' ', LogitsShape)}, bottleneck {string.Join(' ', BottleneckShape)}")));
        hash.AppendData(Logits);
        hash.AppendData(Bottleneck);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
