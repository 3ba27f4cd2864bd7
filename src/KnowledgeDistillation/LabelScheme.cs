using System.Text.Json.Serialization;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>
/// How the channels of a network's output relate to the classes of the voxels: <see cref="Labels.ExclusiveClasses"/> with a softmax, or
/// <see cref="Labels.OverlappingRegions"/> with one sigmoid per channel. Networks emit raw logits; everything that turns them into probabilities or
/// labels asks the label scheme.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public abstract class LabelScheme
{
    /// <summary>
    /// The label, 255, of a voxel whose class is unknown or of no interest. It may stand in a <see cref="Batch"/> for training and validation: student and
    /// teachers then count there as if they had named background with certainty, and the reference too, so that no loss on their outputs learns from it.
    /// </summary>
    public const byte Ignored = byte.MaxValue;

    // Certain in float32 at any usual temperature, and far from overflow in half precision.
    private static readonly Scalar ForBackground = 100.0, ForForeground = -100.0;

    private protected LabelScheme()
    {
    }

    /// <summary>The name under which files store a kind of label scheme.</summary>
    /// <param name="name">The name.</param>
    [AttributeUsage(AttributeTargets.Class, Inherited = false)]
    internal sealed class StoredAsAttribute(string name) : Attribute
    {
        public string Name => name;
    }

    /// <summary>The names of the output channels.</summary>
    [JsonIgnore]
    public abstract IReadOnlyList<string> ChannelNames { get; }

    /// <summary>Number of output channels K.</summary>
    [JsonIgnore]
    public int Channels => ChannelNames.Count;

    /// <summary>The channels that are not background; Dice losses average over these by default.</summary>
    [JsonIgnore]
    public abstract IReadOnlyList<int> ForegroundChannels { get; }

    /// <summary>Number of classes of the voxels, background included: labels are 0 to this number minus one.</summary>
    [JsonIgnore]
    public abstract int ClassCount { get; }

    /// <summary>The reference as the channels should be.</summary>
    /// <param name="labels">Class of each voxel, uint8 or int64 [N, spatial...].</param>
    /// <returns>Float32 [N, K, spatial...] of zeros and ones.</returns>
    /// <exception cref="ArgumentException">The labels are neither uint8 nor int64, or one is not a class of this scheme.</exception>
    public Tensor Encode(Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        CheckType(labels);
        CheckClasses(RangeOf(labels));
        return EncodeAny(labels);
    }

    /// <summary>The reference of a batch as the channels should be.</summary>
    /// <exception cref="ArgumentException">A label is not a class of this scheme.</exception>
    internal Tensor Encode(Batch batch)
    {
        CheckClasses(batch.LabelRange);
        return EncodeAny(batch.Labels);
    }

    /// <summary>The probabilities σ(f/T) (KD-Net, eq. 1).</summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <param name="temperature">T, above 0; above 1 is softer.</param>
    /// <returns>[N, K, spatial...] in [0, 1].</returns>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not above 0.</exception>
    public abstract Tensor Probabilities(Tensor logits, double temperature = 1);

    /// <summary>
    /// The logarithms of the probabilities and of their complements, log p and log(1 − p), computed from logits so that both stay
    /// finite and differentiable for logits of ±10,000.
    /// </summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <returns>Two tensors [N, K, spatial...], at most 0, in float32 or wider.</returns>
    public abstract (Tensor LogProbability, Tensor LogComplement) LogProbabilities(Tensor logits);

    /// <summary>
    /// The cross-entropy of targets t and the probabilities p of logits, one number per voxel: −Σ_k t_k log p_k for exclusive classes, and
    /// −Σ_k [t_k log p_k + (1 − t_k) log(1 − p_k)], a yes or no for every region, for overlapping regions. Finite and differentiable for logits of ±10,000.
    /// </summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <param name="target">Hard or soft targets t in [0, 1] of the same shape; those of exclusive classes add up to 1 over the channels.</param>
    /// <returns>[N, spatial...], at least 0, in float32 or wider. With p = t it is the entropy of t, so the Kullback-Leibler divergence
    /// is the difference of two of these.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the channels are not those of this scheme.</exception>
    public abstract Tensor CrossEntropy(Tensor logits, Tensor target);

    /// <summary>
    /// The cross-entropy of <see cref="CrossEntropy"/> in which rare classes count more: each class has the weight 1 − s, s being its share of the volume
    /// in this sample. Of overlapping regions, yes has the weight 1 − s and no the weight s.
    /// </summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <param name="target">Targets in [0, 1] of the same shape.</param>
    /// <param name="shares">The shares s, [N, K, 1...].</param>
    /// <returns>[N, spatial...], at least 0, in float32 or wider.</returns>
    internal abstract Tensor BalancedCrossEntropy(Tensor logits, Tensor target, Tensor shares);

    /// <summary>
    /// The binary prediction s* (KD-Net, eq. 2): the most probable class, or each region whose logit is positive. It does not depend on a temperature.
    /// </summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <returns>Zeros and ones [N, K, spatial...] of the element type of the logits.</returns>
    public abstract Tensor Binarize(Tensor logits);

    /// <summary>The class of each voxel.</summary>
    /// <param name="probabilities">Probabilities [N, K, spatial...].</param>
    /// <returns>Int64 [N, spatial...].</returns>
    public abstract Tensor Decode(Tensor probabilities);

    /// <summary>Logits z such that σ(z) is the weighted mean of the probabilities of several networks. Finite for logits of ±10,000.</summary>
    /// <param name="logits">Raw logits [N, K, spatial...] of each network.</param>
    /// <param name="weights">Their weights, above 0, adding up to 1.</param>
    internal abstract Tensor MeanLogits(IReadOnlyList<Tensor> logits, IReadOnlyList<double> weights);

    /// <summary>Logits that name background with certainty wherever the mask is true.</summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <param name="ignored">Booleans [N, spatial...].</param>
    internal Tensor Silence(Tensor logits, Tensor ignored)
    {
        using var scope = NewDisposeScope();
        // Made on the device: a copy of a few numbers from the host would wait for all that is queued there.
        Tensor certain = full([1, Channels, .. Enumerable.Repeat(1L, (int)logits.dim() - 2)], ForBackground, logits.dtype, logits.device);
        certain.narrow(1, ForegroundChannels[0], ForegroundChannels.Count).fill_(ForForeground);
        return where(ignored.unsqueeze(1), certain, logits).MoveToOuterDisposeScope();
    }

    // log Σ_m w_m exp(x_m). The weights stay numbers of the host: a tensor of them would be copied to a GPU, which waits for all that is queued there.
    private protected static Tensor LogMean(IEnumerable<Tensor> logarithms, IReadOnlyList<double> weights) =>
        stack([.. logarithms.Zip(weights, (logarithm, weight) => logarithm.Plus(Math.Log(weight)))]).logsumexp(0);

    private protected void CheckChannels(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.dim() < 3 || tensor.shape[1] != Channels)
        {
            throw new ArgumentException($"A tensor [N, {Channels}, spatial...] is needed for the channels {string.Join(", ", ChannelNames)}, "
                + $"but the shape is [{string.Join(", ", tensor.shape)}].");
        }
    }

    private protected void CheckTarget(Tensor logits, Tensor target)
    {
        CheckChannels(logits);
        ArgumentNullException.ThrowIfNull(target);
        if (!target.shape.SequenceEqual(logits.shape))
        {
            throw new ArgumentException(
                $"The logits [{string.Join(", ", logits.shape)}] and the target [{string.Join(", ", target.shape)}] must have the same shape.");
        }
    }

    /// <summary>t log p + (1 − t) log(1 − p) in one pass, exact where t is 0 or 1.</summary>
    /// <param name="logarithms">What <see cref="LogProbabilities"/> gives.</param>
    /// <param name="target">Targets t of the same shape.</param>
    internal static Tensor LogLikelihood((Tensor OfProbability, Tensor OfComplement) logarithms, Tensor target) =>
        logarithms.OfComplement.lerp(logarithms.OfProbability, target.to(logarithms.OfProbability.dtype));

    private protected abstract Tensor EncodeChecked(Tensor labels);

    /// <summary>Refuses labels of an element type that cannot hold classes.</summary>
    internal static void CheckType(Tensor labels)
    {
        if (labels.dtype is not (ScalarType.Byte or ScalarType.Int64))
            throw new ArgumentException($"Labels must be uint8 or int64, but are {labels.dtype}.", nameof(labels));
    }

    /// <summary>The smallest and the largest label, and the largest that is not <see cref="Ignored"/>; all 0 where there is none.</summary>
    internal static (long Smallest, long Largest, long LargestCounted) RangeOf(Tensor labels)
    {
        if (labels.numel() == 0)
            return (0, 0, 0);
        using var scope = NewDisposeScope();
        (long smallest, long largest) = (Number(labels.min()), Number(labels.max()));
        return (smallest, largest, largest == Ignored ? Number(labels.Filled(labels.IsEqualTo(Ignored), 0).max()) : largest);

        static long Number(Tensor scalar) => scalar.to(ScalarType.Int64).item<long>();
    }

    // Classes beyond 255 cannot be compared with bytes.
    private Tensor EncodeAny(Tensor labels)
    {
        if (labels.dtype == ScalarType.Int64 || ClassCount <= byte.MaxValue + 1)
            return EncodeChecked(labels);
        using Tensor wide = labels.to(ScalarType.Int64);
        return EncodeChecked(wide);
    }

    private void CheckClasses((long Smallest, long Largest, long LargestCounted) labels)
    {
        if (labels.Smallest < 0 || labels.Largest >= ClassCount)
        {
            throw new ArgumentException(
                $"Labels run from {labels.Smallest} to {labels.Largest}, but the classes are 0 to {ClassCount - 1}: map the labels on disk to classes first.",
                nameof(labels));
        }
    }

    private protected static double CheckTemperature(double temperature) => temperature > 0 && double.IsFinite(temperature)
        ? temperature
        : throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "The temperature must be above 0.");
}
