using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>Segments preprocessed cases with a trained network.</summary>
/// <remarks>The model belongs to the caller. Not safe for use by several threads at once.</remarks>
public sealed class CaseSegmenter : ICasePredictor
{
    private readonly SegmentationModel _model;
    private readonly IInference? _inference;

    /// <summary>Makes a segmenter.</summary>
    /// <param name="model">The network with its label scheme.</param>
    /// <param name="inference">
    /// How to run it; null for what fits how it was trained: windows of the size of its patches (<see cref="PatchMetadata"/>),
    /// else the whole volume at once, or slice by slice where it sees slices.
    /// </param>
    public CaseSegmenter(SegmentationModel model, IInference? inference = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _inference) = (model, inference ?? PatchMetadata.InferenceOf(model.Metadata, model.Network.SpatialDimensions));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Modalities => _model.Network.Modalities;

    /// <inheritdoc/>
    public bool NeedsAllModalities => _model.Network.NeedsAllModalities;

    /// <inheritdoc/>
    public LabelScheme Labels => _model.Labels;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata => _model.Metadata;

    /// <inheritdoc/>
    public float[][] Probabilities(PreprocessedCase source, CancellationToken cancellation = default)
    {
        using CasePrediction prediction = Predict(source, cancellation);
        return prediction.Channels();
    }

    /// <summary>Computes the probabilities of a case on the device of the network.</summary>
    /// <param name="source">The case, prepared as in training; the network uses those of its modalities that it knows.</param>
    /// <param name="cancellation">Stops between two passes of the network.</param>
    /// <returns>The prediction, to be disposed by the caller.</returns>
    /// <exception cref="ArgumentException">The case lacks a modality that the network needs.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public CasePrediction Predict(PreprocessedCase source, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        string[] modalities = [.. _model.Network.Modalities.Where(source.Images.ContainsKey)];
        if (modalities.Length == 0)
        {
            throw new ArgumentException(
                $"The network sees {string.Join(", ", _model.Network.Modalities)}, but case {source.Id} has only: {string.Join(", ", source.Images.Keys)}.",
                nameof(source));
        }

        using var scope = NewDisposeScope();
        Device device = _model.Network.Module.parameters().FirstOrDefault()?.device ?? CPU;
        VolumeSize size = source.Size;
        var images = new ModalityImages(
            modalities.Select(name => KeyValuePair.Create(name, tensor(source.Images[name], [1, 1, size.Z, size.Y, size.X]).to(device))));
        return new CasePrediction(_model.PredictProbabilities(images, _inference, cancellation).MoveToOuterDisposeScope(), _model.Labels, source.Geometry);
    }
}
