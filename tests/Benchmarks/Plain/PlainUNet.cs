using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>
/// The U-Net of the paper as a good TorchSharp user would write it: same levels, widths and layers as ours, float32, contiguous. Gives logits and bottleneck.
/// </summary>
internal sealed class PlainUNet : Module<Tensor, (Tensor Logits, Tensor Bottleneck)>
{
    private const int Levels = 5;

    private readonly ModuleList<Module<Tensor, Tensor>> down = [];
    private readonly ModuleList<Module<Tensor, Tensor>> narrow = [];
    private readonly ModuleList<Module<Tensor, Tensor>> up = [];
    private readonly Module<Tensor, Tensor> pool = MaxPool3d(2);
    private readonly Module<Tensor, Tensor> enlarge = Upsample(scale_factor: [2, 2, 2], mode: UpsampleMode.Trilinear, align_corners: false);
    private readonly Module<Tensor, Tensor> head;

    public PlainUNet(int inputs, int outputs, int width)
        : base(nameof(PlainUNet))
    {
        for (int level = 0; level < Levels; level++)
            down.Add(new PlainBlock(level == 0 ? inputs : width << (level - 1), width << level));
        for (int level = Levels - 2; level >= 0; level--)
        {
            narrow.Add(Conv3d(width << (level + 1), width << level, 1));
            up.Add(new PlainBlock(2 * (width << level), width << level));
        }

        head = Conv3d(width, outputs, 1);
        RegisterComponents();
    }

    public override (Tensor Logits, Tensor Bottleneck) forward(Tensor input)
    {
        var skips = new Tensor[Levels];
        skips[0] = down[0].call(input);
        for (int level = 1; level < Levels; level++)
            skips[level] = down[level].call(pool.call(skips[level - 1]));
        Tensor features = skips[^1];
        for (int step = 0; step < Levels - 1; step++)
            features = up[step].call(cat([enlarge.call(narrow[step].call(features)), skips[Levels - 2 - step]], 1));
        return (head.call(features), skips[^1]);
    }
}
