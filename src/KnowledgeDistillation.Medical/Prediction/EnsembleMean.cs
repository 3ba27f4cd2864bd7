namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>The mean of what several networks say of one case, added up one by one, and how much they disagree.</summary>
/// <param name="measureSpread">Whether <see cref="Spread"/> will be asked for, which costs an array of the volume's size and a logarithm per value.</param>
/// <remarks>Not safe for use by several threads at once.</remarks>
public sealed class EnsembleMean(bool measureSpread = false)
{
    private ProbabilityVolume? _sum;
    private float[]? _entropies;
    private int _count;
    private ProbabilityVolume? _mean;

    /// <summary>Adds what one network says. Its arrays may be used for the sum: leave them alone afterwards.</summary>
    /// <param name="member">The probabilities.</param>
    /// <exception cref="ArgumentException">They lie on another grid, or have other channels, than those before.</exception>
    public void Add(ProbabilityVolume member)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (_sum is not null && (!_sum.Grid.CoincidesWith(member.Grid) || !_sum.Labels.ChannelNames.SequenceEqual(member.Labels.ChannelNames)))
            throw new ArgumentException($"The networks of an ensemble must speak of one grid and of the same channels, but one has {member.Grid} "
                + $"({string.Join(", ", member.Labels.ChannelNames)}) beside {_sum.Grid} ({string.Join(", ", _sum.Labels.ChannelNames)}).", nameof(member));
        if (_mean is not null)
            throw new InvalidOperationException("The mean was taken: nothing can be added any more.");
        if (measureSpread)
        {
            float[] entropy = member.Entropy();
            if (_entropies is null)
                _entropies = entropy;
            else
                Add(_entropies, entropy);
        }

        _count++;
        if (_sum is null)
        {
            _sum = member;
            return;
        }

        for (int channel = 0; channel < member.Channels.Count; channel++)
            Add(_sum.Channels[channel], member.Channels[channel]);
    }

    /// <summary>The mean of the probabilities; nothing can be added afterwards.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public ProbabilityVolume Mean()
    {
        if (_mean is not null)
            return _mean;
        _mean = _sum ?? throw new InvalidOperationException("The mean of no network was asked for.");
        foreach (float[] channel in _count == 1 ? [] : _mean.Channels)
        {
            for (int i = 0; i < channel.Length; i++)
                channel[i] /= _count;
        }

        return _mean;
    }

    /// <summary>
    /// How much the networks disagree about each voxel, x fastest: the entropy of their mean less the mean of their entropies (the mutual information of
    /// voxel and network), at least 0, in nats. 0 where all say the same, however uncertain they are.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing was added, or the spread was not to be measured.</exception>
    public float[] Spread()
    {
        if (_entropies is null)
            throw new InvalidOperationException("The spread was not measured.");
        float[] spread = Mean().Entropy();
        for (int i = 0; i < spread.Length; i++)
            spread[i] = Math.Max(0, spread[i] - (_entropies[i] / _count));
        return spread;
    }

    private static void Add(float[] sum, float[] values)
    {
        for (int i = 0; i < sum.Length; i++)
            sum[i] += values[i];
    }
}
