using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>
/// A trained network as the prediction of whole cases sees it, whatever runs it: plain arrays in, plain arrays out. Mirrors, ensembles, post-processing and
/// volumes build on it and know no engine.
/// </summary>
public interface ICasePredictor
{
    /// <summary>The modalities that it sees, in the order of its channels.</summary>
    IReadOnlyList<string> Modalities { get; }

    /// <summary>Whether it needs all of them; else any subset will do.</summary>
    bool NeedsAllModalities { get; }

    /// <summary>How its channels relate to classes.</summary>
    LabelScheme Labels { get; }

    /// <summary>The facts that were kept with it in training, such as <see cref="PreprocessingMetadata"/>.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Computes the probabilities of a case.</summary>
    /// <param name="source">The case, prepared as in training; those of its modalities are used that the network knows.</param>
    /// <param name="cancellation">Stops between two passes of the network.</param>
    /// <returns>For each channel the probability of each voxel of <see cref="PreprocessedCase.Size"/>, from 0 to 1, x fastest.</returns>
    /// <exception cref="ArgumentException">The case lacks a modality that the network needs.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    float[][] Probabilities(PreprocessedCase source, CancellationToken cancellation = default);
}
