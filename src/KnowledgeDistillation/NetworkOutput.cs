using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>What a network made of a batch.</summary>
/// <param name="Network">The network.</param>
/// <param name="Encoding">What its encoder returned; in mixed precision its levels are widened to float32 when they are looked at.</param>
/// <param name="Logits">Raw logits [N, K, spatial...].</param>
public sealed record NetworkOutput(IEncoderDecoder Network, EncoderOutput Encoding, Tensor Logits)
{
    /// <summary>Runs encoder and decoder on a batch of images, in the gradient mode and training mode that are set.</summary>
    public static NetworkOutput Of(IEncoderDecoder network, ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(network);
        EncoderOutput encoding = network.Encode(images);
        return new NetworkOutput(network, WideLevels.Of(encoding), network.Decode(encoding));
    }

    /// <summary>The same output through which no gradient flows.</summary>
    internal NetworkOutput Detach() => this with { Encoding = Encoding.Detach(), Logits = Logits.detach() };
}
