using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Convolution = KnowledgeDistillation.Networks.Layers.Convolution;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The encoder of one modality in U-HeMIS and U-HVED: a 1×1×1 convolution with leaky ReLU 0.01,
/// then one <see cref="PreActivationBlock"/> per level with max-pooling between them.
/// </summary>
internal sealed class ModalityEncoder : Module<Tensor, IReadOnlyList<Tensor>>
{
    private const double Slope = 0.01;

    // Kept alive on purpose: see ConvolutionBlock.
    private static readonly Scalar NegativeSlope = Slope;

    private readonly Module<Tensor, Tensor> enter;
    private readonly ModuleList<PreActivationBlock> levels = [];

    /// <param name="widths">Channels within the block of each level, shallowest first.</param>
    /// <param name="outputs">Channels that each level gives.</param>
    public ModalityEncoder(IReadOnlyList<int> widths, IReadOnlyList<int> outputs)
        : base(nameof(ModalityEncoder))
    {
        enter = new Convolution(3, 1, widths[0], 1, bias: false);
        for (int level = 0; level < widths.Count; level++)
            levels.Add(new PreActivationBlock(level == 0 ? widths[0] : outputs[level - 1], widths[level], outputs[level]));
        RegisterComponents();
    }

    /// <summary>The features of every level, shallowest first.</summary>
    public override IReadOnlyList<Tensor> forward(Tensor image)
    {
        var features = new Tensor[levels.Count];
        Tensor input = enter.call(image).leaky_relu_(NegativeSlope);
        for (int level = 0; level < features.Length; level++)
            features[level] = levels[level].call(level == 0 ? input : functional.max_pool3d(features[level - 1], [2, 2, 2]));
        return features;
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue[] WriteOnnx(OnnxGraph graph, OnnxValue image)
    {
        var features = new OnnxValue[levels.Count];
        OnnxValue input = graph.LeakyRelu(graph.Apply(enter, image), Slope);
        for (int level = 0; level < features.Length; level++)
            features[level] = graph.Apply(levels[level], level == 0 ? input : graph.MaxPool(features[level - 1]));
        return features;
    }
}
