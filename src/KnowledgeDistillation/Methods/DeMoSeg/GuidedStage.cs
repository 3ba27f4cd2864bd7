using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>A unit and a <see cref="CrossGuidedBlock"/>: each level of a <see cref="DeMoSeg3D"/>, on the way down and on the way up.</summary>
internal sealed class GuidedStage : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly ConvolutionUnit enter;
    private readonly CrossGuidedBlock guide;

    public GuidedStage(int inputs, int width, long stride = 1)
        : base(nameof(GuidedStage))
    {
        enter = DeMoSegUnit.Make(inputs, width, stride);
        guide = new CrossGuidedBlock(width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => guide.call(enter.call(input));

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) => graph.Apply(guide, graph.Apply(enter, input));
}
