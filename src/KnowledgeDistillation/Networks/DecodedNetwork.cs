using KnowledgeDistillation.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What the networks for any subset of their modalities share that decode while they encode (<see cref="DecodedEncoderOutput"/>):
/// <see cref="Methods.RFNet.RFNet3D"/>, <see cref="Methods.MmFormer.MmFormer3D"/> and <see cref="Methods.DeMoSeg.DeMoSeg3D"/>.
/// </summary>
public abstract class DecodedNetwork : HeteroModalNetwork, IDeeplySupervisedNetwork
{
    private protected DecodedNetwork(HeteroModalNetworkOptions options, string name)
        : base(options, name)
    {
    }

    /// <summary>Runs the last convolution over what <see cref="IEncoderDecoder.Encode"/> has decoded.</summary>
    /// <param name="encoding">What <see cref="IEncoderDecoder.Encode"/> of this network returned.</param>
    /// <returns>Raw logits [N, K, D, H, W].</returns>
    /// <exception cref="ArgumentException">The encoding comes from another network.</exception>
    public override Tensor Decode(EncoderOutput encoding) => Head.CallWide(DecodedEncoderOutput.Of(encoding, Levels).Decoded[0]);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The encoding comes from another network.</exception>
    public override DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) =>
        new(Decode(encoding), DecodedEncoderOutput.Of(encoding, Levels).Features(names));

    /// <summary>
    /// The segmentations besides the last with which the network is trained: of RFNet the probability maps of all levels; of mmFormer those of all levels but
    /// the shallowest; of DeMoSeg, as in nnU-Net, those of the levels between the shallowest and the two deepest.
    /// </summary>
    /// <param name="encoding">What <see cref="IEncoderDecoder.Encode"/> of this network returned.</param>
    /// <returns>Raw logits [N, K, D, H, W], shallowest level first, each in the resolution of its level.</returns>
    /// <exception cref="ArgumentException">The encoding comes from another network.</exception>
    public IReadOnlyList<Tensor> SegmentLevels(EncoderOutput encoding) => DecodedEncoderOutput.Of(encoding, Levels).LevelLogits;

    /// <summary>The last convolution.</summary>
    private protected abstract Module<Tensor, Tensor> Head { get; }
}
