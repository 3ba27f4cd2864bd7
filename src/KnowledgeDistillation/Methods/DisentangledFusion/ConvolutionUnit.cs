using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// A convolution, instance norm with learned scale and offset, leaky ReLU 0.2: the unit of the content encoders and the segmentation
/// decoder of <see cref="DisentangledFusionNet3D"/>.
/// </summary>
internal sealed class ConvolutionUnit : Module<Tensor, Tensor>, IOnnxLayer
{
    private const double Slope = 0.2;

    // Kept alive on purpose: see ConvolutionBlock.
    private static readonly Scalar NegativeSlope = Slope;

    private readonly Module<Tensor, Tensor> convolution;
    private readonly Module<Tensor, Tensor> norm;

    public ConvolutionUnit(long inputs, long outputs, long kernel = 3, long stride = 1)
        : base(nameof(ConvolutionUnit))
    {
        // The norm would remove what a bias adds.
        convolution = new Convolution(3, inputs, outputs, kernel, stride: stride, bias: false);
        norm = new InstanceNorm(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => norm.call(convolution.call(input)).leaky_relu_(NegativeSlope);

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) => graph.LeakyRelu(graph.Apply(norm, graph.Apply(convolution, input)), Slope);
}
