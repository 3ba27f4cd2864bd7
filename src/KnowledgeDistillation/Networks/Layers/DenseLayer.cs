using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>
/// A linear map of the last axis. Parameters and their initial values are those of torch's <c>Linear</c>, but it counts as weights of a network that is
/// built from a file, and its product is in bfloat16 where that is set.
/// </summary>
internal sealed class DenseLayer : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly Parameter weight;
    private readonly Parameter? bias;

    public DenseLayer(long inputs, long outputs, bool bias = true)
        : base(nameof(DenseLayer))
    {
        weight = LearnedValues.Own(size => empty(size), outputs, inputs);
        init.kaiming_uniform_(weight, Math.Sqrt(5));
        if (bias)
        {
            double bound = 1 / Math.Sqrt(inputs);
            this.bias = LearnedValues.Own(size => empty(size), outputs);
            init.uniform_(this.bias, -bound, bound);
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        if (ComputePrecision.Current == Precision.Full)
            return functional.linear(input, weight, bias);
        using Tensor narrowInput = ReducedPrecision.Narrow(input), narrowWeight = ReducedPrecision.Narrow(weight);
        using Tensor? narrowBias = bias is null ? null : ReducedPrecision.Narrow(bias);
        return functional.linear(narrowInput, narrowWeight, narrowBias);
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input)
    {
        OnnxValue product = graph.Add("MatMul", [input, graph.Add("Transpose", [graph.Weight(weight)], ("perm", new long[] { 1, 0 }))]);
        return bias is null ? product : graph.Plus(product, graph.Weight(bias));
    }
}
