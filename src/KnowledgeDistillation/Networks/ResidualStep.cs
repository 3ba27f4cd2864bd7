using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>One step of a residual path: a convolution of size 3 beside a shortcut of size 1.</summary>
internal sealed class ResidualStep : Module<Tensor, Tensor>
{
    private readonly NormalisedConvolution shortcut;
    private readonly NormalisedConvolution convolution;
    private readonly Module<Tensor, Tensor> norm;

    public ResidualStep(SpatialLayers layers, long inputs, long outputs)
        : base(nameof(ResidualStep))
    {
        shortcut = new NormalisedConvolution(layers, inputs, outputs, 1);
        convolution = new NormalisedConvolution(layers, inputs, outputs, 3);
        norm = layers.BatchNorm(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => norm.call((convolution.call(input).relu_() + shortcut.call(input)).relu_());
}
