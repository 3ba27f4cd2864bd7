using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>
/// A network that segments at several levels on its way to the last convolution. A loss on these segmentations
/// (<see cref="Losses.DeepSupervisionLoss"/>) teaches the deeper levels directly; inference does not look at them.
/// </summary>
public interface IDeeplySupervisedNetwork : IEncoderDecoder
{
    /// <summary>The segmentations besides that of <see cref="IEncoderDecoder.Decode"/>.</summary>
    /// <param name="encoding">What <see cref="IEncoderDecoder.Encode"/> of this network returned.</param>
    /// <returns>Raw logits [N, K, spatial...], shallowest level first, each in the resolution of its level; at least one.</returns>
    /// <exception cref="ArgumentException">The encoding comes from another network.</exception>
    IReadOnlyList<Tensor> SegmentLevels(EncoderOutput encoding);
}
