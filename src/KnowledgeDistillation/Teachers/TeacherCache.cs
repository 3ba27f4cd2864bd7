using System.Security.Cryptography;
using System.Text;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Teachers;

/// <summary>Runs a frozen network only on samples that it has not seen, and keeps what it made of them, in memory and on disk.</summary>
internal sealed class TeacherCache(IEncoderDecoder network, TeacherCacheOptions options)
{
    private static readonly Scalar LargestFloat16 = 65504.0;
    private static readonly Scalar SmallestFloat16 = -65504.0;

    private readonly Dictionary<string, CachedTeacherOutput> _memory = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CachedFeatures> _features = new(StringComparer.Ordinal);
    private readonly Lazy<string> _folder = new(() => Path.Combine(options.Folder!, Fingerprint(network)), isThreadSafe: false);
    private long _memoryBytes;

    /// <summary>How many samples the network has been run on.</summary>
    public long Computed { get; private set; }

    /// <summary>The output of the network for a batch, without gradient. A sample's is the same, bit by bit, whether it was kept or is computed now.</summary>
    /// <param name="images">The images on the network's device.</param>
    /// <param name="contentIds">The <see cref="Batch.ContentIds"/> by which the samples are known; null to know them by their voxels.</param>
    /// <param name="decoderFeatures">The features of the decoder that are needed.</param>
    public NetworkOutput Forward(ModalityImages images, IReadOnlyList<string>? contentIds = null, IReadOnlyList<string>? decoderFeatures = null)
    {
        string[] names = [.. (decoderFeatures ?? []).Distinct(StringComparer.Ordinal)];
        ModalityImages seen = Seen(images);
        string[] keys = contentIds is null ? Keys(seen) : Keys(seen, contentIds);
        Sample[] samples = [.. keys.Select((key, index) => FindOrCompute(seen, index, key, names))];
        return Join(images, [.. samples.Select(sample => sample.Output)], names.Index().ToDictionary(
            name => name.Item,
            name => CachedFeatures.Stack([.. samples.Select(sample => sample.Features[name.Index])], images.Device),
            StringComparer.Ordinal));
    }

    private Sample FindOrCompute(ModalityImages seen, int index, string key, string[] names)
    {
        CachedTeacherOutput? output = Find(key);
        CachedFeatures?[] features = [.. names.Select(name => FindFeatures(key, name))];
        if (output is not null && Array.TrueForAll(features, found => found is not null))
            return new Sample(output, features!);
        Sample computed = Compute(seen, index, names);
        if (output is null)
            Keep(key, computed.Output);
        foreach ((int number, string name) in names.Index().Where(name => features[name.Index] is null))
            KeepFeatures(key, name, computed.Features[number]);
        return computed;
    }

    private ModalityImages Seen(ModalityImages images) => images.Only(network.Modalities.Where(images.Contains));

    private NetworkOutput Join(ModalityImages images, CachedTeacherOutput[] outputs, Dictionary<string, Tensor> decoderFeatures)
    {
        Tensor logits = CachedTeacherOutput.Stack([.. outputs.Select(output => output.Logits)], outputs[0].LogitsShape, ScalarType.Float16, images.Device);
        Tensor bottleneck = CachedTeacherOutput.Stack(
            [.. outputs.Select(output => output.Bottleneck)], outputs[0].BottleneckShape, ScalarType.Float32, images.Device);
        Precision precision = ComputePrecision.Current;
        var levels = new CachedLevels(bottleneck, outputs[0].Levels, () =>
        {
            using IDisposable noGradient = no_grad();
            using ComputePrecision.Scope scope = ComputePrecision.Use(precision, images.Device);
            return NetworkOutput.Widen(network.Encode(images));
        });
        return new NetworkOutput(network, new EncoderOutput(levels), logits) { DecoderFeatures = decoderFeatures };
    }

    // Each sample by itself: torch may choose another way to convolve for another number of samples, and then the last bits of one depend on
    // which others are in its batch.
    private Sample Compute(ModalityImages images, int sample, string[] names)
    {
        using var scope = NewDisposeScope();
        NetworkOutput output = NetworkOutput.Of(network, images.Select(image => image.narrow(0, sample, 1)), names);
        if (output.Encoding.GetType() != typeof(EncoderOutput))
        {
            throw new InvalidOperationException($"The outputs of a {network.GetType().Name} cannot be kept in a cache, because its encoder gives a "
                + $"{output.Encoding.GetType().Name}, which is more than features: make the teacher without a cache.");
        }

        Computed++;
        // Beyond the range of float16 a probability is 0 or 1 at any temperature.
        Tensor logits = Halved(output.Logits);
        Tensor bottleneck = output.Encoding.Bottleneck.to(ScalarType.Float32).cpu().contiguous();
        return new Sample(
            CachedTeacherOutput.Of(logits[0], bottleneck[0], output.Encoding.Levels.Count),
            [.. names.Select(name => CachedFeatures.Of(Halved(output.DecoderFeature(name))[0]))]);
    }

    private static Tensor Halved(Tensor values) => values.clamp(SmallestFloat16, LargestFloat16).to(ScalarType.Float16).cpu().contiguous();

    private CachedTeacherOutput? Find(string key)
    {
        if (_memory.TryGetValue(key, out CachedTeacherOutput? output))
            return output;
        if (options.Folder is null || CachedTeacherOutput.Read(FileOf(key)) is not { } stored)
            return null;
        Remember(key, stored);
        return stored;
    }

    private void Keep(string key, CachedTeacherOutput output)
    {
        Remember(key, output);
        if (options.Folder is null)
            return;
        Directory.CreateDirectory(_folder.Value);
        output.Write(FileOf(key));
    }

    private void Remember(string key, CachedTeacherOutput output)
    {
        if (_memoryBytes + output.ByteCount <= options.MemoryBytes && _memory.TryAdd(key, output))
            _memoryBytes += output.ByteCount;
    }

    private CachedFeatures? FindFeatures(string key, string name)
    {
        string featuresKey = KeyOf(key, name);
        if (_features.TryGetValue(featuresKey, out CachedFeatures? features))
            return features;
        if (options.Folder is null || CachedFeatures.Read(FileOf(featuresKey)) is not { } stored)
            return null;
        RememberFeatures(featuresKey, stored);
        return stored;
    }

    private void KeepFeatures(string key, string name, CachedFeatures features)
    {
        string featuresKey = KeyOf(key, name);
        RememberFeatures(featuresKey, features);
        if (options.Folder is null)
            return;
        Directory.CreateDirectory(_folder.Value);
        features.Write(FileOf(featuresKey));
    }

    private void RememberFeatures(string key, CachedFeatures features)
    {
        if (_memoryBytes + features.ByteCount <= options.MemoryBytes && _features.TryAdd(key, features))
            _memoryBytes += features.ByteCount;
    }

    // Files of their own: fits whose losses read no features of the decoder do not read them from disk either.
    private static string KeyOf(string key, string name) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"decoder features {key} {name}")));

    private string FileOf(string key) => Path.Combine(_folder.Value, $"{key}.safetensors");

    /// <summary>For each sample a digest of its voxels, their shape and type, the names of the modalities and the precision.</summary>
    private static string[] Keys(ModalityImages images)
    {
        using var scope = NewDisposeScope();
        IncrementalHash[] hashes = [.. Enumerable.Range(0, (int)images.BatchSize).Select(_ => IncrementalHash.CreateHash(HashAlgorithmName.SHA256))];
        foreach (string name in images.Names)
        {
            Tensor image = images[name].cpu().contiguous();
            byte[] kind = Encoding.UTF8.GetBytes(Kind(name, image));
            for (int sample = 0; sample < hashes.Length; sample++)
            {
                hashes[sample].AppendData(kind);
                foreach (Tensor piece in SafetensorsFile.Pieces(image[sample], image.element_size()))
                    hashes[sample].AppendData(piece.bytes);
            }
        }

        string[] keys = [.. hashes.Select(hash => Convert.ToHexStringLower(hash.GetHashAndReset()))];
        foreach (IncrementalHash hash in hashes)
            hash.Dispose();
        return keys;
    }

    /// <summary>For each sample a digest of its identity, which stands for its voxels, and of the same facts beside.</summary>
    private static string[] Keys(ModalityImages images, IReadOnlyList<string> contentIds)
    {
        string kinds = string.Concat(images.Names.Select(name => Kind(name, images[name])));
        return [.. contentIds.Select(content => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"content {kinds}{content}"))))];
    }

    private static string Kind(string name, Tensor image) => $"{name} {string.Join(' ', image.shape[1..])} {image.dtype} {ComputePrecision.Current};";

    /// <summary>A digest of a network's kind, parameters and buffers.</summary>
    private static string Fingerprint(IEncoderDecoder network)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{network.GetType().FullName} {string.Join(' ', network.Modalities)} {network.Recipe};"));
        foreach ((string name, Tensor value) in network.Module.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {string.Join(' ', value.shape)} {value.dtype};"));
            Tensor values = value.detach().cpu().contiguous();
            foreach (Tensor piece in SafetensorsFile.Pieces(values, values.element_size()))
                hash.AppendData(piece.bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What the network made of one sample, and the features of its decoder that were asked for, in their order.</summary>
    private sealed record Sample(CachedTeacherOutput Output, CachedFeatures[] Features);
}
