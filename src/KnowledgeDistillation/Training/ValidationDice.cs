using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>The mean Dice over validation cases and regions; a region that is empty in reference and prediction counts 1, in one of them 0.</summary>
/// <param name="labels">How the channels of the network relate to classes.</param>
/// <param name="regions">The unions of classes; null for the channels that are not background.</param>
internal sealed class ValidationDice(LabelScheme labels, IReadOnlyList<Region>? regions)
{
    private double _sum;
    private long _count;

    /// <summary>The mean of all that was added, from 0 to 1.</summary>
    public double Mean => _sum / _count;

    /// <summary>Adds the cases of a batch; voxels whose label is <see cref="LabelScheme.Ignored"/> are left out.</summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <param name="batch">The batch.</param>
    public void Add(Tensor logits, Batch batch)
    {
        using var scope = NewDisposeScope();
        // Background in both, as for the losses, is in no region.
        if (batch.IgnoredVoxels(labels) is { } ignored)
            (logits, batch) = (labels.Silence(logits, ignored), batch.WithBackground(ignored));
        (Tensor prediction, Tensor reference) = regions is null ? Channels(logits, batch) : Regions(regions, logits, batch);
        Add(prediction, reference);
    }

    /// <summary>Adds cases that were segmented already; voxels whose label is <see cref="LabelScheme.Ignored"/> are left out.</summary>
    /// <param name="classes">The class of each voxel [N, spatial...].</param>
    /// <param name="batch">The batch.</param>
    public void AddClasses(Tensor classes, Batch batch)
    {
        using var scope = NewDisposeScope();
        if (batch.IgnoredVoxels(labels) is { } ignored)
            (classes, batch) = (classes.Filled(ignored, 0), batch.WithBackground(ignored));
        if (regions is null)
        {
            Tensor channels = Foreground(classes.device);
            Add(labels.Encode(classes).index_select(1, channels).IsAbove(0.5), labels.Encode(batch).index_select(1, channels).IsAbove(0.5));
        }
        else
        {
            Add(United(regions, classes), United(regions, batch.Labels));
        }
    }

    /// <summary>Adds what the other processes have measured.</summary>
    public void Share(FitProcesses processes)
    {
        double[] sums = [_sum, _count];
        processes.Sum(sums);
        (_sum, _count) = (sums[0], (long)sums[1]);
    }

    private void Add(Tensor prediction, Tensor reference)
    {
        Tensor counts = stack([Voxels(prediction.logical_and(reference)), Voxels(prediction), Voxels(reference)], -1);
        long[] values = [.. counts.cpu().data<long>()];
        for (int i = 0; i < values.Length; i += 3)
        {
            var overlap = new ConfusionCounts(values[i], values[i + 1] - values[i], values[i + 2] - values[i], 0);
            _sum += overlap.Dice(EmptyRegionConvention.ScoreOne);
            _count++;
        }
    }

    private (Tensor Prediction, Tensor Reference) Channels(Tensor logits, Batch batch)
    {
        Tensor channels = Foreground(logits.device);
        return (Of(labels.Binarize(logits)), Of(labels.Encode(batch)));

        Tensor Of(Tensor masks) => masks.index_select(1, channels).IsAbove(0.5);
    }

    private Tensor Foreground(Device device) => tensor([.. labels.ForegroundChannels.Select(channel => (long)channel)], device: device);

    private (Tensor Prediction, Tensor Reference) Regions(IReadOnlyList<Region> united, Tensor logits, Batch batch) =>
        (United(united, labels.Decode(labels.Probabilities(logits))), United(united, batch.Labels));

    private static Tensor United(IReadOnlyList<Region> united, Tensor classes) => stack(
        [.. united.Select(region => region.Classes.Select(one => classes.IsEqualTo(one)).Aggregate((former, next) => former.logical_or(next)))],
        1);

    // [N, regions, spatial...] to [N, regions].
    private static Tensor Voxels(Tensor masks) => masks.flatten(2).sum(2, type: ScalarType.Int64);
}
