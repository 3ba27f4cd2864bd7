using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>A way to run a network over images of any size, kept apart from the network itself.</summary>
public interface IInference
{
    /// <summary>Computes the probabilities of every voxel, in evaluation mode and without recording a graph.</summary>
    /// <param name="network">The network; its training mode is put back afterwards.</param>
    /// <param name="labels">How its channels relate to classes.</param>
    /// <param name="images">The images, which need only hold the modalities that the network sees.</param>
    /// <param name="cancellation">Stops between two passes of the network.</param>
    /// <returns>Probabilities [N, K, spatial...] of the images' spatial size, in float32, on their device.</returns>
    /// <exception cref="ArgumentException">A modality is missing.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    Tensor Predict(IEncoderDecoder network, LabelScheme labels, ModalityImages images, CancellationToken cancellation = default);
}
