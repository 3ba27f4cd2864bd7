namespace KnowledgeDistillation;

/// <summary>
/// A network that can also make images from what its encoder found: it reconstructs its inputs, or synthesizes modalities that it did not see.
/// </summary>
public interface IReconstructingNetwork : IEncoderDecoder
{
    /// <summary>Makes images from an encoding.</summary>
    /// <param name="encoding">What <see cref="IEncoderDecoder.Encode"/> of this network returned.</param>
    /// <returns>The images by modality, each [N, C, spatial...], with a gradient where one is recorded.</returns>
    ModalityImages Reconstruct(EncoderOutput encoding);
}
