using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>Runs the network once over the whole images, padded with zeros to the next size that fits it.</summary>
/// <remarks>Stateless and safe to share between threads, each with a network of its own.</remarks>
public sealed class WholeVolumeInference : IInference
{
    /// <inheritdoc/>
    public Tensor Predict(IEncoderDecoder network, LabelScheme labels, ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(network);
        Padding padding = Padding.ToFit(network, images.SpatialSize);
        NetworkOutput output = NetworkOutput.Of(network, padding.Apply(NetworkImages.Of(network, images)));
        return padding.Remove(labels.Probabilities(output.Logits)).contiguous().MoveToOuterDisposeScope();
    }
}
