using System.Text.Json.Serialization;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Labels;

/// <summary>
/// Each voxel belongs to exactly one class; probabilities are the softmax over the channels. Channel and class are the same number; the first is background.
/// The default for BraTS: background, necrosis, edema, enhancing tumor, of which the scored regions are unions.
/// </summary>
[LabelScheme.StoredAs("exclusive classes")]
public sealed class ExclusiveClasses : LabelScheme
{
    /// <summary>Makes a scheme.</summary>
    /// <param name="classNames">The names of the classes, background first, at least two.</param>
    /// <exception cref="ArgumentException">Fewer than two names.</exception>
    public ExclusiveClasses(params IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(classNames);
        if (classNames.Count < 2)
            throw new ArgumentException("A softmax needs at least two classes: background and one more.", nameof(classNames));
        ClassNames = [.. classNames];
    }

    /// <summary>The names of the classes, background first.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<string> ChannelNames => ClassNames;

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<int> ForegroundChannels => [.. Enumerable.Range(1, Channels - 1)];

    /// <inheritdoc/>
    [JsonIgnore]
    public override int ClassCount => Channels;

    /// <inheritdoc/>
    public override Tensor Probabilities(Tensor logits, double temperature = 1)
    {
        CheckChannels(logits);
        using var scope = NewDisposeScope();
        Tensor wide = ReducedPrecision.Widen(logits);
        // Large logits lose digits when they are divided; softmax does not depend on what is common to all of them.
        Tensor divided = CheckTemperature(temperature) == 1 ? wide : (wide - wide.amax([1], keepdim: true)).Over(temperature);
        return nn.functional.softmax(divided, 1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override (Tensor LogProbability, Tensor LogComplement) LogProbabilities(Tensor logits)
    {
        CheckChannels(logits);
        using var scope = NewDisposeScope();
        Tensor wide = ReducedPrecision.Widen(logits);
        Tensor logSumOfAll = wide.logsumexp(1, keepdim: true);
        // 1 − p_k is the mass of the other classes. Summed from their logits it keeps its precision where p_k rounds to 1.
        var logComplements = new Tensor[Channels];
        for (int channel = 0; channel < Channels; channel++)
            logComplements[channel] = AllBut(wide, channel).logsumexp(1, keepdim: true);
        return ((wide - logSumOfAll).MoveToOuterDisposeScope(), (cat(logComplements, 1) - logSumOfAll).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public override Tensor CrossEntropy(Tensor logits, Tensor target)
    {
        CheckTarget(logits, target);
        using var scope = NewDisposeScope();
        return (-(target * nn.functional.log_softmax(ReducedPrecision.Widen(logits), 1)).sum([1])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override Tensor BalancedCrossEntropy(Tensor logits, Tensor target, Tensor shares)
    {
        CheckTarget(logits, target);
        using var scope = NewDisposeScope();
        Tensor weighted = target * shares.Complement();
        return (-(weighted * nn.functional.log_softmax(ReducedPrecision.Widen(logits), 1)).sum([1])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Binarize(Tensor logits)
    {
        CheckChannels(logits);
        using Tensor channels = MostProbable(logits);
        return OneHot(channels, logits.dtype);
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor probabilities)
    {
        CheckChannels(probabilities);
        return MostProbable(probabilities);
    }

    /// <inheritdoc/>
    internal override Tensor MeanLogits(IReadOnlyList<Tensor> logits, IReadOnlyList<double> weights) =>
        LogMean(logits.Select(each => nn.functional.log_softmax(ReducedPrecision.Widen(each), 1)), weights);

    private protected override Tensor EncodeChecked(Tensor labels) => OneHot(labels, ScalarType.Float32);

    // The same as argmax, the first of equals, in an eighth of its time where the channels are not the last dimension.
    private static Tensor MostProbable(Tensor values)
    {
        (Tensor largest, Tensor channels) = values.max(1);
        largest.Dispose();
        return channels;
    }

    // one_hot would give int64 with the channels last: sixteen bytes per element on the way to four.
    private Tensor OneHot(Tensor labels, ScalarType type)
    {
        using var scope = NewDisposeScope();
        Tensor classes = TensorArithmetic.Count(Channels, labels.dtype, labels.device).reshape([Channels, .. Enumerable.Repeat(1L, (int)labels.dim() - 1)]);
        return labels.unsqueeze(1).eq(classes).to(type).MoveToOuterDisposeScope();
    }

    private Tensor AllBut(Tensor logits, int channel)
    {
        if (channel == 0)
            return logits.narrow(1, 1, Channels - 1);
        if (channel == Channels - 1)
            return logits.narrow(1, 0, Channels - 1);
        return cat([logits.narrow(1, 0, channel), logits.narrow(1, channel + 1, Channels - channel - 1)], 1);
    }
}
