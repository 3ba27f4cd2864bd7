using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Teachers;

/// <summary>Features of a teacher's decoder for one sample, outside of torch's memory.</summary>
/// <param name="Values">Float16 values.</param>
/// <param name="Shape">[C, spatial...].</param>
internal sealed record CachedFeatures(byte[] Values, long[] Shape)
{
    private const string FeaturesName = "features", ChecksumName = "sha256";

    public long ByteCount => Values.LongLength;

    public static CachedFeatures Of(Tensor features) => new(features.bytes.ToArray(), features.shape);

    /// <summary>Several samples as a float32 batch on a device.</summary>
    public static Tensor Stack(IReadOnlyList<CachedFeatures> features, Device device) =>
        CachedTeacherOutput.Stack([.. features.Select(one => one.Values)], features[0].Shape, ScalarType.Float16, device);

    public void Write(string file)
    {
        using var scope = NewDisposeScope();
        SafetensorsFile.Write(
            file,
            new Dictionary<string, Tensor> { [FeaturesName] = Stack([this], CPU).to(ScalarType.Float16) },
            new Dictionary<string, string> { [ChecksumName] = Checksum() });
    }

    /// <returns>What the file holds; null where there is no file, or a damaged one (its checksum tells), which will be written again.</returns>
    public static CachedFeatures? Read(string file)
    {
        if (!File.Exists(file))
            return null;
        try
        {
            using SafetensorsFile stored = SafetensorsFile.Read(file);
            Tensor features = stored.Tensors[FeaturesName];
            if (features.dtype != ScalarType.Float16 || features.shape is not [1, ..])
                return null;
            using Tensor sample = features[0];
            CachedFeatures read = Of(sample);
            return read.Checksum() == stored.Metadata[ChecksumName] ? read : null;
        }
        catch (Exception exception) when (exception is CheckpointException or KeyNotFoundException)
        {
            return null;
        }
    }

    private string Checksum()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"features {string.Join(' ', Shape)}")));
        hash.AppendData(Values);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
