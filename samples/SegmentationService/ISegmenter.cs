using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Samples.SegmentationService;

/// <summary>A network that segments whole images, whatever runs it. Used by one thread, that which opened it.</summary>
internal interface ISegmenter : IDisposable
{
    /// <summary>The modalities that it sees.</summary>
    IReadOnlyList<string> Modalities { get; }

    /// <summary>Whether it needs all of them; else any will do.</summary>
    bool NeedsAllModalities { get; }

    /// <summary>The regions and the labels with which it answers.</summary>
    LabelConvention Labels { get; }

    /// <summary>The size of the voxels to which images are brought; null where they stay as they are.</summary>
    Spacing? Spacing { get; }

    /// <summary>Segments the images of a patient, named by modality.</summary>
    CaseSegmentation Segment(IReadOnlyDictionary<string, Volume<float>> images, CancellationToken cancellation);
}

/// <summary>Opens the network of a path, to be run by a number of threads.</summary>
internal delegate ISegmenter SegmenterOpener(string path, int threads);
