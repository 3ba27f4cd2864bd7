using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>One step up: halve the channels, double the size, join the skip connection if there is one, two convolutions.</summary>
internal sealed class DecoderLevel : Module<Tensor, Tensor?, Tensor>, IOnnxDecoderLevel
{
    private readonly SpatialLayers _layers;
    private readonly bool _interpolates;
    private readonly Module<Tensor, Tensor> narrow;
    private readonly ConvolutionBlock block;

    public DecoderLevel(SpatialLayers layers, Upsampling upsampling, long deeperWidth, long width, bool withSkip)
        : base(nameof(DecoderLevel))
    {
        _layers = layers;
        _interpolates = upsampling == Upsampling.Interpolation;
        narrow = _interpolates ? layers.Convolution(deeperWidth, width, 1) : layers.TransposedConvolution(deeperWidth, width);
        block = new ConvolutionBlock(layers, withSkip ? 2 * width : width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor deeper, Tensor? skip)
    {
        using Tensor up = Raise(deeper);
        if (skip is null)
            return block.call(up);
        using Tensor joined = cat([up, skip], 1);
        return block.call(joined);
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue deeper, OnnxValue? skip)
    {
        OnnxValue narrowed = graph.Apply(narrow, deeper);
        OnnxValue up = _interpolates ? graph.DoubleSize(narrowed) : narrowed;
        return graph.Apply(block, skip is null ? up : graph.Concatenate(up, skip));
    }

    private Tensor Raise(Tensor deeper)
    {
        Tensor narrowed = narrow.call(deeper);
        if (!_interpolates)
            return narrowed;
        using (narrowed)
            return _layers.DoubleSize(narrowed);
    }
}
