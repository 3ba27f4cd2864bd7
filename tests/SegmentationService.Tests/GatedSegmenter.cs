using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Samples.SegmentationService.Tests;

/// <summary>A network that waits at a gate before each image, until it is let through or cancelled.</summary>
internal sealed class GatedSegmenter(ISegmenter inner, SemaphoreSlim arrived, SemaphoreSlim gate) : ISegmenter
{
    public IReadOnlyList<string> Modalities => inner.Modalities;

    public bool NeedsAllModalities => inner.NeedsAllModalities;

    public LabelConvention Labels => inner.Labels;

    public Spacing? Spacing => inner.Spacing;

    public CaseSegmentation Segment(IReadOnlyDictionary<string, Volume<float>> images, CancellationToken cancellation)
    {
        arrived.Release();
        gate.Wait(cancellation);
        return inner.Segment(images, cancellation);
    }

    public void Dispose() => inner.Dispose();
}
