using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// Two 3×3×3 convolutions, each followed by an instance norm whose scale and offset come from an appearance code (adaptive instance norm),
/// ReLU between them, and the input added.
/// </summary>
internal sealed class AdaptiveResidualBlock : Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> convolution1;
    private readonly Module<Tensor, Tensor> convolution2;
    private readonly Module<Tensor, Tensor> norm;

    public AdaptiveResidualBlock(long width)
        : base(nameof(AdaptiveResidualBlock))
    {
        convolution1 = new Convolution(3, width, width, 3, bias: false);
        convolution2 = new Convolution(3, width, width, 3, bias: false);
        // Without parameters and statistics, so it serves both.
        norm = InstanceNorm3d(width);
        RegisterComponents();
    }

    /// <param name="input">[N, C, D, H, W].</param>
    /// <param name="scale">[N, C, 1, 1, 1].</param>
    /// <param name="offset">[N, C, 1, 1, 1].</param>
    public override Tensor forward(Tensor input, Tensor scale, Tensor offset)
    {
        Tensor middle = (norm.call(convolution1.call(input)) * scale).Plus(offset).relu_();
        return input.Plus(norm.call(convolution2.call(middle)) * scale).Plus(offset);
    }
}
