using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>How a <see cref="SegmentationEnsemble"/> segments. Immutable.</summary>
public sealed record PredictionOptions
{
    /// <summary>The one modality that is at hand, for networks that work with any; null (default) for all that a case has.</summary>
    public string? Modality { get; init; }

    /// <summary>Whether the mean over mirror images is taken, along the axes that were mirrored in training; 8 times the work. Default no.</summary>
    public bool Mirrors { get; init; }

    /// <summary>Whether entropy and spread of the probabilities are measured. Default no.</summary>
    public bool Uncertainty { get; init; }

    /// <summary>
    /// What is cleaned away; null (default) for what was chosen on validation cases and stored with the networks (<see cref="PostProcessingTuning"/>),
    /// if all of an ensemble store the same. <c>new()</c> for nothing.
    /// </summary>
    public PostProcessingOptions? PostProcessing { get; init; }

    /// <summary>Whether an image is refused that is far from those of the training, or whose background is not 0. Default no: it is doubted.</summary>
    public bool Strict { get; init; }

    /// <summary>The value around the head, where it is not that of the training; null (default) for that.</summary>
    public ImageBackground? Background { get; init; }

    /// <summary>Whether voxels that are not a number are background, even if they were not in training. Default no.</summary>
    public bool NaNIsZero { get; init; }
}
