using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests;

/// <summary>
/// A network of "t1ce" and "flair", either or both, that sees each voxel by itself: the mean of one convolution of size 1 per modality, and a head.
/// </summary>
internal sealed class PointwiseNetwork : Module, IEncoderDecoder
{
    private readonly ModuleList<Conv3d> enter;
    private readonly Conv3d head = Conv3d(5, 4, 1);

    public PointwiseNetwork()
        : base(nameof(PointwiseNetwork))
    {
        enter = ModuleList(Conv3d(1, 5, 1), Conv3d(1, 5, 1));
        RegisterComponents();
    }

    public Module Module => this;

    public IReadOnlyList<string> Modalities => ["t1ce", "flair"];

    public bool NeedsAllModalities => false;

    public int OutputChannels => 4;

    public IReadOnlyList<string> DecoderFeatures => [DecoderFeatureNames.Last];

    /// <summary>The modalities of each pass, and whether it was in training mode.</summary>
    public List<(string Modalities, bool Training)> Passes { get; } = [];

    public EncoderOutput Encode(ModalityImages images)
    {
        string[] given = [.. Modalities.Where(images.Contains)];
        Passes.Add((string.Join(' ', given), training));
        return new EncoderOutput(stack([.. given.Select(name => enter[name == "t1ce" ? 0 : 1].call(images[name]))]).mean([0]));
    }

    public Tensor Decode(EncoderOutput encoding) => head.call(encoding.Bottleneck);

    public DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) =>
        new(Decode(encoding), new Dictionary<string, Tensor> { [DecoderFeatureNames.Last] = encoding.Bottleneck });
}
