using System.Collections;
using System.Diagnostics.CodeAnalysis;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>What a network made of a batch.</summary>
/// <param name="Network">The network.</param>
/// <param name="Encoding">What its encoder returned; in mixed precision its levels are widened to float32 when they are looked at.</param>
/// <param name="Logits">Raw logits [N, K, spatial...].</param>
public sealed record NetworkOutput(IEncoderDecoder Network, EncoderOutput Encoding, Tensor Logits)
{
    private static readonly Dictionary<string, Tensor> None = [];

    /// <summary>
    /// What its decoder computed before the logits, [N, C, spatial...] by name, as far as it was asked for: none by default.
    /// In mixed precision features are widened to float32 when they are looked at.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> DecoderFeatures { get; init; } = None;

    /// <summary>Runs encoder and decoder on a batch of images, in the gradient mode and training mode that are set.</summary>
    /// <param name="network">The network.</param>
    /// <param name="images">Images of its modalities.</param>
    /// <param name="decoderFeatures">The names of the features that its decoder is to keep, some of its <see cref="IEncoderDecoder.DecoderFeatures"/>;
    /// null (the default) for none.</param>
    /// <exception cref="ArgumentException">A modality is missing, the size does not fit, or the decoder gives no features of such a name.</exception>
    public static NetworkOutput Of(IEncoderDecoder network, ModalityImages images, IReadOnlyList<string>? decoderFeatures = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        decoderFeatures ??= [];
        RequireFeatures(network, decoderFeatures, nameof(decoderFeatures));
        EncoderOutput encoding = network.Encode(images);
        if (decoderFeatures.Count == 0)
            return new NetworkOutput(network, Widen(encoding), network.Decode(encoding));
        DecoderOutput decoded = network.DecodeWithFeatures(encoding, decoderFeatures);
        foreach (string name in decoderFeatures.Where(name => !decoded.Features.ContainsKey(name)))
        {
            throw new InvalidOperationException(
                $"{network.GetType().Name} says that its decoder gives the features '{name}', but {nameof(IEncoderDecoder.DecodeWithFeatures)} "
                    + "did not return them.");
        }

        return new NetworkOutput(network, Widen(encoding), decoded.Logits) { DecoderFeatures = new WideFeatures(decoded.Features, decoderFeatures) };
    }

    /// <summary>The features of a name that the decoder computed.</summary>
    /// <param name="name">One of the names that were asked for when the network ran.</param>
    /// <exception cref="ArgumentException">They were not asked for, or the network does not give them; the message says which.</exception>
    public Tensor DecoderFeature(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (DecoderFeatures.TryGetValue(name, out Tensor? features))
            return features;
        RequireFeatures(Network, [name], nameof(name));
        throw new ArgumentException(
            $"The features '{name}' of the decoder of {Network.GetType().Name} were not kept when it ran: a trainer keeps what a loss names as an "
                + $"{nameof(Losses.IDecoderFeatureLoss)}, a loop of your own asks for them with {nameof(NetworkOutput)}.{nameof(Of)}.",
            nameof(name));
    }

    /// <summary>The same output through which no gradient flows.</summary>
    internal NetworkOutput Detach() => this with
    {
        Encoding = Encoding.Detach(),
        Logits = Logits.detach(),
        DecoderFeatures = DecoderFeatures.Count == 0
            ? DecoderFeatures
            : DecoderFeatures.ToDictionary(feature => feature.Key, feature => feature.Value.detach(), StringComparer.Ordinal),
    };

    /// <summary>
    /// The same encoding with levels of float32. An encoding of a derived type, which carries more than levels, stays as it is.
    /// </summary>
    internal static EncoderOutput Widen(EncoderOutput encoding) =>
        encoding.GetType() == typeof(EncoderOutput) && encoding.Levels.Any(level => level.dtype == ScalarType.BFloat16)
            ? new EncoderOutput(new WideLevels(encoding.Levels))
            : encoding;

    /// <summary>Why a network cannot give all of some features of its decoder; null where it can.</summary>
    internal static string? WhyNot(IEncoderDecoder network, IReadOnlyList<string> decoderFeatures)
    {
        string[] missing = [.. decoderFeatures.Except(network.DecoderFeatures, StringComparer.Ordinal)];
        if (missing.Length == 0)
            return null;
        return network.DecoderFeatures.Count == 0
            ? $"{network.GetType().Name} gives no features of its decoder"
            : $"the decoder of {network.GetType().Name} gives no features '{string.Join("', '", missing)}'; it gives: {string.Join(", ", network.DecoderFeatures)}";
    }

    private static void RequireFeatures(IEncoderDecoder network, IReadOnlyList<string> decoderFeatures, string parameter)
    {
        if (decoderFeatures.Count > 0 && WhyNot(network, decoderFeatures) is string reason)
            throw new ArgumentException($"Features '{string.Join("', '", decoderFeatures)}' are needed, but {reason}.", parameter);
    }

    // The loss that asks first may record no gradient; those after it still need one.
    private static Tensor WidenShared(Tensor features)
    {
        if (features.dtype != ScalarType.BFloat16)
            return features;
        using IDisposable gradientMode = set_grad_enabled(features.requires_grad);
        return features.to(ScalarType.Float32).MoveToDisposeScopeOf(features);
    }

    /// <summary>The levels of an encoder that computed in bfloat16, for losses, which compute in float32. The first look at a level widens it.</summary>
    private sealed class WideLevels : IReadOnlyList<Tensor>
    {
        private readonly IReadOnlyList<Tensor> _levels;
        private readonly Tensor?[] _wide;

        public WideLevels(IReadOnlyList<Tensor> levels) => (_levels, _wide) = (levels, new Tensor?[levels.Count]);

        public int Count => _levels.Count;

        public Tensor this[int index] => _wide[index] ??= WidenShared(_levels[index]);

        public IEnumerator<Tensor> GetEnumerator() => Enumerable.Range(0, Count).Select(level => this[level]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>Some of the features that a decoder gave. The first look at one of bfloat16 widens it.</summary>
    private sealed class WideFeatures(IReadOnlyDictionary<string, Tensor> features, IReadOnlyList<string> names) : IReadOnlyDictionary<string, Tensor>
    {
        private readonly Dictionary<string, Tensor> _wide = new(StringComparer.Ordinal);

        public int Count => Keys.Count();

        public IEnumerable<string> Keys { get; } = [.. names.Distinct(StringComparer.Ordinal)];

        public IEnumerable<Tensor> Values => Keys.Select(name => this[name]);

        public Tensor this[string key] => TryGetValue(key, out Tensor? value) ? value : throw new KeyNotFoundException($"There are no features '{key}'.");

        public bool ContainsKey(string key) => Keys.Contains(key, StringComparer.Ordinal);

        public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value)
        {
            value = null;
            if (!ContainsKey(key))
                return false;
            if (!_wide.TryGetValue(key, out value))
                _wide[key] = value = WidenShared(features[key]);
            return true;
        }

        public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() => Keys.Select(name => KeyValuePair.Create(name, this[name])).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
