using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>Layer norm of the last axis with learned scale and offset, computed in float32.</summary>
internal sealed class LayerNorm : Module<Tensor, Tensor>, IOnnxLayer
{
    private const double Epsilon = 1e-5;

    private readonly Parameter weight;
    private readonly Parameter bias;

    public LayerNorm(long width)
        : base(nameof(LayerNorm))
    {
        weight = LearnedValues.Own(size => ones(size), width);
        bias = LearnedValues.Own(size => zeros(size), width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.layer_norm(ReducedPrecision.Widen(input), weight.shape, weight, bias, Epsilon);

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) =>
        graph.Add("LayerNormalization", [input, graph.Weight(weight), graph.Weight(bias)], ("axis", -1L), ("epsilon", Epsilon));
}
