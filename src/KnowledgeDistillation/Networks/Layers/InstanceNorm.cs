using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>
/// Instance norm with learned scale and offset. Computed as a group norm with a group for each channel,
/// which is the same and takes a third of the time on a CPU.
/// </summary>
internal sealed class InstanceNorm : Module<Tensor, Tensor>, IOnnxLayer
{
    private const double Epsilon = 1e-5;

    private readonly Parameter weight;
    private readonly Parameter bias;

    public InstanceNorm(long channels)
        : base(nameof(InstanceNorm))
    {
        weight = LearnedValues.Own(size => ones(size), channels);
        bias = LearnedValues.Own(size => zeros(size), channels);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.group_norm(input, weight.shape[0], weight, bias, Epsilon);

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) =>
        graph.Add("InstanceNormalization", [input, graph.Weight(weight), graph.Weight(bias)], ("epsilon", Epsilon));
}
