using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>
/// A network that sees any subset of its modalities and can also segment from each of them alone. A loss on these segmentations
/// (<see cref="Losses.ModalitySegmentationLoss"/>) makes every encoder learn in every step, whichever modalities were fused.
/// </summary>
public interface IModalitySegmentingNetwork : IEncoderDecoder
{
    /// <summary>Segments from each modality alone.</summary>
    /// <param name="encoding">What <see cref="IEncoderDecoder.Encode"/> of this network returned.</param>
    /// <returns>The raw logits [N, K, spatial...] by modality, of each that <see cref="IEncoderDecoder.Encode"/> was given.</returns>
    /// <exception cref="ArgumentException">The encoding comes from another network.</exception>
    IReadOnlyDictionary<string, Tensor> SegmentModalities(EncoderOutput encoding);
}
