using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>
/// The channel-wise sparse self-attention of Yang et al. (2024): y = leaky ReLU(norm(convolution 3³)); a perceptron of a quarter of the width makes a score
/// s between 0 and 1 of each channel from the means of all channels; each channel attends to one channel, the one whose rank by score is its own number:
/// y_i + s_π(i) y_π(i), scores rising with i; norm, leaky ReLU.
/// </summary>
/// <remarks>
/// The published code adds y_π(i) without its score, so that no gradient reaches the perceptron: a rank has none.
/// Published is a rising order, and a falling one in the first features of all modalities but T1; here it rises everywhere.
/// </remarks>
internal sealed class CrossGuidedBlock : Module<Tensor, Tensor>, IOnnxLayer
{
    private const double NegativeSlope = 0.01;

    private readonly long _width;
    private readonly ConvolutionUnit convolve;
    private readonly DenseLayer squeeze;
    private readonly DenseLayer score;
    private readonly InstanceNorm norm;

    public CrossGuidedBlock(int width)
        : base(nameof(CrossGuidedBlock))
    {
        _width = width;
        convolve = DeMoSegUnit.Make(width, width);
        squeeze = new DenseLayer(width, Math.Max(1, width / 4));
        score = new DenseLayer(Math.Max(1, width / 4), width);
        norm = new InstanceNorm(width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor features = convolve.call(input);
        return norm.call(features.Plus(Attended(features))).LeakyReluInPlace(NegativeSlope);
    }

    /// <summary>What each channel gets from the channel to which it attends, [N, C, D, H, W].</summary>
    internal Tensor Attended(Tensor features)
    {
        Tensor means = ReducedPrecision.Widen(features).mean([2, 3, 4]);
        Tensor scores = ReducedPrecision.Widen(score.call(squeeze.call(means).LeakyReluInPlace(NegativeSlope))).sigmoid();
        (Tensor sorted, Tensor ranked) = scores.sort(1);
        Tensor channels = ranked.reshape(-1, _width, 1, 1, 1).expand(features.shape);
        return features.gather(1, channels) * sorted.to(features.dtype).reshape(-1, _width, 1, 1, 1);
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input)
    {
        OnnxValue features = graph.Apply(convolve, input);
        OnnxValue means = graph.Add("Flatten", [graph.Add("ReduceMean", [features], ("axes", new long[] { 2, 3, 4 }), ("keepdims", 1L))], ("axis", 1L));
        OnnxValue scores = graph.Add("Sigmoid", [graph.Apply(score, graph.LeakyRelu(graph.Apply(squeeze, means), NegativeSlope))]);
        IReadOnlyList<OnnxValue> sorted = graph.AddMany("TopK", 2, [scores, graph.Integers(_width)], ("axis", 1L), ("largest", 0L), ("sorted", 1L));
        OnnxValue channels = graph.Add("Expand", [Spread(sorted[1]), graph.Add("Shape", [features])]);
        OnnxValue attended = graph.Times(graph.Add("GatherElements", [features, channels], ("axis", 1L)), Spread(sorted[0]));
        return graph.LeakyRelu(graph.Apply(norm, graph.Plus(features, attended)), NegativeSlope);

        OnnxValue Spread(OnnxValue perChannel) => graph.Add("Reshape", [perChannel, graph.Integers(0, _width, 1, 1, 1)]);
    }
}
