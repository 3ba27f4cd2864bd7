using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>
/// A segmentation network split where the paper splits it: f = D∘E, an encoder and a decoder with the bottleneck between them
/// (KD-Net, section 2).
/// </summary>
/// <remarks>
/// A network belongs to whoever made it: trainers, teachers and inference use it and never dispose it.
/// Not safe for use by several threads at once.
/// </remarks>
public interface IEncoderDecoder : IDisposable
{
    /// <summary>The TorchSharp module that holds all parameters and buffers: its device, training mode and state dictionary are the network's.</summary>
    nn.Module Module { get; }

    /// <summary>
    /// The modalities that the network can see, by name, for example <c>["t1ce"]</c>. It takes them by name from what it is given,
    /// so their order elsewhere never matters.
    /// </summary>
    IReadOnlyList<string> Modalities { get; }

    /// <summary>Whether <see cref="Encode"/> needs an image of every modality. Where false, any subset of at least one will do.</summary>
    bool NeedsAllModalities => true;

    /// <summary>Number of output channels K, the channels of the <see cref="LabelScheme"/> it is trained with.</summary>
    int OutputChannels { get; }

    /// <summary>Every spatial size of an input must be a multiple of this number; 1 where any size fits.</summary>
    int SizeMultiple => 1;

    /// <summary>
    /// Number of spatial axes of its images: 3 for volumes [N, C, D, H, W], the default, or 2 for slices [N, C, H, W].
    /// Inference runs a network for slices over volumes slice by slice.
    /// </summary>
    int SpatialDimensions => 3;

    /// <summary>How to build this network again, stored in checkpoints; null where only the caller can build it.</summary>
    NetworkRecipe? Recipe => null;

    /// <summary>
    /// The names of the features that <see cref="DecodeWithFeatures"/> can give, for losses that compare what decoders computed before their last convolution.
    /// None by default. The library's own networks use <see cref="DecoderFeatureNames"/>.
    /// </summary>
    IReadOnlyList<string> DecoderFeatures => [];

    /// <summary>Runs the encoder E.</summary>
    /// <param name="images">Images of <see cref="Modalities"/>, each [N, C, spatial...]: all of them, or at least one
    /// where <see cref="NeedsAllModalities"/> is false.</param>
    /// <returns>The features of every level, the bottleneck last.</returns>
    /// <exception cref="ArgumentException">A modality that the network needs is missing, or the size does not fit.</exception>
    EncoderOutput Encode(ModalityImages images);

    /// <summary>Runs the decoder D.</summary>
    /// <param name="encoding">What <see cref="Encode"/> of this network returned.</param>
    /// <returns>Raw logits [N, K, spatial...]; the activation belongs to the <see cref="LabelScheme"/>.</returns>
    Tensor Decode(EncoderOutput encoding);

    /// <summary>Runs the decoder D as <see cref="Decode"/> does, and keeps some of what it computes on its way.</summary>
    /// <param name="encoding">What <see cref="Encode"/> of this network returned.</param>
    /// <param name="names">Some of <see cref="DecoderFeatures"/>. Others may be in the result too, but cost memory.</param>
    /// <returns>The same logits as those of <see cref="Decode"/>, and the features. No operation in place may follow on the features.</returns>
    DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) => new(Decode(encoding), new Dictionary<string, Tensor>());
}
