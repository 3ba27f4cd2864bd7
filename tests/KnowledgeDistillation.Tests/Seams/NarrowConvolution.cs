using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A convolution of a user's own that follows the precision that is set.</summary>
internal sealed class NarrowConvolution : Module<Tensor, Tensor>
{
    private readonly Conv3d convolution;

    public NarrowConvolution(int inputs, int outputs)
        : base(nameof(NarrowConvolution))
    {
        convolution = Conv3d(inputs, outputs, 3, padding: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        if (ComputePrecision.Current == Precision.Full)
            return convolution.call(input);
        using Tensor narrowInput = ReducedPrecision.Narrow(input);
        using Tensor weight = ReducedPrecision.Narrow(convolution.weight), bias = ReducedPrecision.Narrow(convolution.bias!);
        return functional.conv3d(narrowInput, weight, bias, [1, 1, 1], [1, 1, 1]);
    }
}
