using System.Text.Json.Serialization;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Labels;

/// <summary>
/// Each channel is a region that may overlap others; probabilities are one sigmoid per channel. The alternative for BraTS:
/// whole tumor, tumor core, enhancing tumor.
/// </summary>
[LabelScheme.StoredAs("overlapping regions")]
public sealed class OverlappingRegions : LabelScheme
{
    /// <summary>Makes a scheme.</summary>
    /// <param name="regions">The regions, outermost first, one per channel.</param>
    /// <param name="innermostClasses">For each region the class of a voxel that lies in it and in no later region,
    /// used to turn predicted regions into classes.</param>
    /// <exception cref="ArgumentException">No region, different numbers of regions and classes, or a class that is not one of its region.</exception>
    public OverlappingRegions(IReadOnlyList<Region> regions, IReadOnlyList<int> innermostClasses)
    {
        ArgumentNullException.ThrowIfNull(regions);
        ArgumentNullException.ThrowIfNull(innermostClasses);
        if (regions.Count == 0)
            throw new ArgumentException("At least one region is needed.", nameof(regions));
        if (innermostClasses.Count != regions.Count)
        {
            throw new ArgumentException(
                $"{regions.Count} regions need as many innermost classes, but {innermostClasses.Count} were given.", nameof(innermostClasses));
        }

        for (int i = 0; i < regions.Count; i++)
        {
            if (!regions[i].Classes.Contains(innermostClasses[i]))
                throw new ArgumentException($"Class {innermostClasses[i]} does not belong to the region '{regions[i].Name}'.", nameof(innermostClasses));
        }

        (Regions, InnermostClasses) = ([.. regions], [.. innermostClasses]);
        ChannelNames = [.. regions.Select(region => region.Name)];
    }

    /// <summary>The regions, outermost first.</summary>
    public IReadOnlyList<Region> Regions { get; }

    /// <summary>For each region the class of a voxel that lies in it and in no later region.</summary>
    public IReadOnlyList<int> InnermostClasses { get; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<string> ChannelNames { get; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<int> ForegroundChannels => [.. Enumerable.Range(0, Channels)];

    /// <inheritdoc/>
    [JsonIgnore]
    public override int ClassCount => 1 + Regions.Max(region => region.Classes.Max());

    /// <inheritdoc/>
    public override Tensor Probabilities(Tensor logits, double temperature = 1)
    {
        CheckChannels(logits);
        using var scope = NewDisposeScope();
        Tensor wide = ReducedPrecision.Widen(logits);
        return (CheckTemperature(temperature) == 1 ? wide : wide.Over(temperature)).sigmoid().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override (Tensor LogProbability, Tensor LogComplement) LogProbabilities(Tensor logits)
    {
        CheckChannels(logits);
        using var scope = NewDisposeScope();
        Tensor wide = ReducedPrecision.Widen(logits);
        return (nn.functional.logsigmoid(wide).MoveToOuterDisposeScope(), nn.functional.logsigmoid(-wide).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public override Tensor CrossEntropy(Tensor logits, Tensor target)
    {
        CheckTarget(logits, target);
        using var scope = NewDisposeScope();
        return (-LogLikelihood(LogProbabilities(logits), target).sum([1])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override Tensor BalancedCrossEntropy(Tensor logits, Tensor target, Tensor shares)
    {
        CheckTarget(logits, target);
        using var scope = NewDisposeScope();
        (Tensor logProbability, Tensor logComplement) = LogProbabilities(logits);
        Tensor yes = target * shares.Complement() * logProbability, no = target.Complement() * shares * logComplement;
        return (-yes.Plus(no).sum([1])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Binarize(Tensor logits)
    {
        CheckChannels(logits);
        using Tensor positive = logits.IsAbove(0);
        return positive.to(logits.dtype);
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor probabilities)
    {
        CheckChannels(probabilities);
        using var scope = NewDisposeScope();
        Tensor classes = zeros([probabilities.shape[0], .. probabilities.shape[2..]], ScalarType.Int64, probabilities.device);
        for (int channel = 0; channel < Channels; channel++)
            classes = classes.Filled(probabilities.select(1, channel).IsAbove(0.5), InnermostClasses[channel]);
        return classes.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override Tensor MeanLogits(IReadOnlyList<Tensor> logits, IReadOnlyList<double> weights)
    {
        (Tensor LogProbability, Tensor LogComplement)[] all = [.. logits.Select(LogProbabilities)];
        return LogMean(all.Select(each => each.LogProbability), weights) - LogMean(all.Select(each => each.LogComplement), weights);
    }

    private protected override Tensor EncodeChecked(Tensor labels)
    {
        using var scope = NewDisposeScope();
        return stack([.. Regions.Select(region => Contains(labels, region))], 1).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private static Tensor Contains(Tensor labels, Region region) =>
        region.Classes.Select(label => labels.IsEqualTo(label)).Aggregate((united, mask) => united.logical_or(mask));
}
