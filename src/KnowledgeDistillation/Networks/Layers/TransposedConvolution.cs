using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>
/// A transposed convolution whose size is its stride, by default 2, which doubles every spatial length.
/// Parameters and their initial values are those of torch's own.
/// </summary>
internal sealed class TransposedConvolution : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly long[] _stride;

    public TransposedConvolution(int dimensions, long inputs, long outputs)
        : this(inputs, outputs, [.. Enumerable.Repeat(2L, dimensions)], bias: true)
    {
    }

    /// <summary>One that enlarges each axis by a stride of its own.</summary>
    public TransposedConvolution(long inputs, long outputs, long[] stride, bool bias)
        : base(nameof(TransposedConvolution))
    {
        _stride = stride;
        weight = LearnedValues.Own(size => empty(size), [inputs, outputs, .. _stride]);
        init.kaiming_uniform_(weight, Math.Sqrt(5));
        if (bias)
        {
            // torch counts the second axis as inputs, here the outputs.
            double bound = 1 / Math.Sqrt(stride.Aggregate((double)outputs, (product, length) => product * length));
            this.bias = LearnedValues.Own(size => empty(size), outputs);
            init.uniform_(this.bias, -bound, bound);
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        if (ComputePrecision.Current == Precision.Full)
            return Convolve(input, weight, bias);
        using Tensor narrowInput = ReducedPrecision.Narrow(input), narrowWeight = ReducedPrecision.Narrow(weight);
        using Tensor? narrowBias = bias is null ? null : ReducedPrecision.Narrow(bias);
        return Convolve(narrowInput, narrowWeight, narrowBias);
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) =>
        graph.Add("ConvTranspose", [input, graph.Weight(weight), .. bias is null ? (OnnxValue?[])[] : [graph.Weight(bias)]], ("strides", _stride));

    private Tensor Convolve(Tensor input, Tensor weight, Tensor? bias) => _stride.Length == 2
        ? functional.conv_transpose2d(input, weight, bias, _stride)
        : functional.conv_transpose3d(input, weight, bias, _stride);
}
