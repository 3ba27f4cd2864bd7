using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>Two convolutions of size 3, each with instance norm and leaky ReLU.</summary>
internal sealed class PlainBlock : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> layers;

    public PlainBlock(long inputs, long outputs)
        : base(nameof(PlainBlock))
    {
        layers = Sequential(
            Conv3d(inputs, outputs, 3, padding: 1),
            InstanceNorm3d(outputs, affine: true),
            LeakyReLU(0.01),
            Conv3d(outputs, outputs, 3, padding: 1),
            InstanceNorm3d(outputs, affine: true),
            LeakyReLU(0.01));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => layers.call(input);
}
