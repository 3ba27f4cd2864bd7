using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>A case to segment, or why there is none.</summary>
/// <param name="Id">The name of the case.</param>
/// <param name="ResultName">The name of its result without .nii.gz: that of the case, or for an image that was given by itself NAME_seg.</param>
public sealed record PredictionInput(string Id, string ResultName)
{
    /// <summary>What messages call it: the name of the case, or the path of an image that was given by itself.</summary>
    public string Title { get; init; } = Id;

    /// <summary>The case; null where <see cref="Fault"/> says why there is none.</summary>
    public MedicalCase? Case { get; init; }

    /// <summary>Why the case cannot be segmented, as a sentence; null where it can.</summary>
    public string? Fault { get; init; }

    /// <summary>
    /// Why the case may not be what the network knows, judged by names, as a sentence without its subject; null where nothing speaks for that.
    /// </summary>
    public string? Doubt { get; init; }
}
