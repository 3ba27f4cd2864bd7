using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Convolution = KnowledgeDistillation.Networks.Layers.Convolution;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// The reconstruction decoder of one modality: a perceptron makes scale and offset of the appearance code, four <see cref="AdaptiveResidualBlock"/>s apply them
/// to the deepest fused content, then at each step doubling by repetition and a 5×5×5 convolution that halves the channels,
/// with a norm over all channels and voxels of a sample, which keeps the proportions of the channels.
/// </summary>
internal sealed class AppearanceDecoder : Module<Tensor, Tensor, Tensor>
{
    private const int Blocks = 4;

    private readonly SpatialLayers _layers = new(3);
    private readonly Module<Tensor, Tensor> perceptron;
    private readonly ModuleList<AdaptiveResidualBlock> blocks = [];
    private readonly ModuleList<Module<Tensor, Tensor>> raise = [];
    private readonly Module<Tensor, Tensor> head;

    public AppearanceDecoder(IReadOnlyList<int> widths, int dimension)
        : base(nameof(AppearanceDecoder))
    {
        int width = widths[^1];
        perceptron = Sequential(Linear(dimension, width), ReLU(), Linear(width, width), ReLU(), Linear(width, 2 * width));
        for (int block = 0; block < Blocks; block++)
            blocks.Add(new AdaptiveResidualBlock(width));
        for (int level = widths.Count - 2; level >= 0; level--)
            raise.Add(Sequential(new Convolution(3, widths[level + 1], widths[level], 5), SampleNorm(widths[level]), ReLU(inplace: true)));
        head = Conv3d(widths[0], 1, 7, padding: 3);
        RegisterComponents();
    }

    /// <param name="content">The deepest fused content, [N, C, D, H, W].</param>
    /// <param name="appearance">The modality's appearance code, [N, dimension].</param>
    public override Tensor forward(Tensor content, Tensor appearance)
    {
        Tensor[] modulation = perceptron.call(appearance).reshape(appearance.shape[0], -1, 1, 1, 1).chunk(2, 1);
        // Around 1, so that an untrained perceptron leaves the content as it is.
        Tensor scale = modulation[0].Plus(1);
        Tensor features = content;
        foreach (AdaptiveResidualBlock block in blocks)
            features = block.call(features, scale, modulation[1]);
        foreach (Module<Tensor, Tensor> step in raise)
            features = step.call(_layers.RepeatVoxels(features));
        return head.CallWide(features);
    }

    // TorchSharp leaves scale and offset of a group norm uninitialized.
    private static GroupNorm SampleNorm(int width)
    {
        GroupNorm norm = GroupNorm(1, width);
        init.ones_(norm.weight!);
        init.zeros_(norm.bias!);
        return norm;
    }
}
