using KnowledgeDistillation.Inference;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Medical;

/// <summary>Segments preprocessed cases with a trained network.</summary>
/// <remarks>The model belongs to the caller. Not safe for use by several threads at once.</remarks>
public sealed class CaseSegmenter
{
    private readonly SegmentationModel _model;
    private readonly IInference? _inference;

    /// <summary>Makes a segmenter.</summary>
    /// <param name="model">The network with its label scheme.</param>
    /// <param name="inference">How to run it; null for the whole volume at once.</param>
    public CaseSegmenter(SegmentationModel model, IInference? inference = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _inference) = (model, inference);
    }

    /// <summary>Computes the probabilities of a case on the device of the network.</summary>
    /// <param name="source">The case, prepared as in training, with at least the modalities that the network sees.</param>
    /// <returns>The prediction, to be disposed by the caller.</returns>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    public CasePrediction Predict(PreprocessedCase source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var scope = NewDisposeScope();
        Device device = _model.Network.Module.parameters().First().device;
        VolumeSize size = source.Size;
        var images = new ModalityImages(_model.Network.Modalities.Select(name => KeyValuePair.Create(name, ToTensor(name))));
        return new CasePrediction(_model.PredictProbabilities(images, _inference).MoveToOuterDisposeScope(), _model.Labels, source.Geometry);

        Tensor ToTensor(string name) => source.Images.TryGetValue(name, out float[]? voxels)
            ? tensor(voxels, [1, 1, size.Z, size.Y, size.X]).to(device)
            : throw new ArgumentException($"Case {source.Id} has no modality '{name}', which the network sees; it has: {string.Join(", ", source.Images.Keys)}.", nameof(source));
    }
}
