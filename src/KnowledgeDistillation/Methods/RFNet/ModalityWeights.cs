using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>
/// How much each modality counts in one region: a perceptron with 128 hidden numbers looks at the mean features of every modality within the region
/// and at the size of the region, and gives a number between 0 and 1 per modality.
/// </summary>
internal sealed class ModalityWeights : Module<Tensor, Tensor>
{
    private const int HiddenWidth = 128;
    private const double NegativeSlope = 0.2;

    private readonly DenseLayer hidden;
    private readonly DenseLayer weights;

    public ModalityWeights(int modalities, int width)
        : base(nameof(ModalityWeights))
    {
        hidden = new DenseLayer((modalities * width) + 1, HiddenWidth);
        weights = new DenseLayer(HiddenWidth, modalities);
        RegisterComponents();
    }

    /// <param name="description">[N, modalities · width + 1]: the mean features, then the share of the volume that the region takes.</param>
    /// <returns>[N, modalities] in (0, 1).</returns>
    public override Tensor forward(Tensor description) =>
        ReducedPrecision.Widen(weights.call(hidden.call(description).LeakyReluInPlace(NegativeSlope))).sigmoid();

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue description) =>
        graph.Add("Sigmoid", [graph.Apply(weights, graph.LeakyRelu(graph.Apply(hidden, description), NegativeSlope))]);
}
