using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>Runs the network once over the whole images, padded with zeros to the next size that fits it.</summary>
/// <remarks>Stateless and safe to share between threads, each with a network of its own.</remarks>
public sealed class WholeVolumeInference : IInference
{
    private readonly Precision _precision;

    /// <summary>Makes the strategy.</summary>
    /// <param name="precision">The element type in which the network computes. Default <see cref="Precision.Full"/>.</param>
    public WholeVolumeInference(Precision precision = Precision.Full) => _precision = precision;

    /// <inheritdoc/>
    public Tensor Predict(IEncoderDecoder network, LabelScheme labels, ModalityImages images, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(images);
        cancellation.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(network);
        using ComputePrecision.Scope precision = ComputePrecision.Use(_precision, images.Device);
        Padding padding = Padding.ToFit(network.SizeMultiple, images.SpatialSize);
        NetworkOutput output = NetworkOutput.Of(network, padding.Apply(NetworkImages.Of(network, images)));
        return padding.Remove(labels.Probabilities(output.Logits)).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>For example "WholeVolumeInference (precision Full)".</summary>
    public override string ToString() => $"{nameof(WholeVolumeInference)} (precision {_precision})";
}
