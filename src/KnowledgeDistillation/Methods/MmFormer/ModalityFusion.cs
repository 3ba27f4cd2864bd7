using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>Fuses the features of all modalities of one level: units of 1×1×1, 3×3×3 and 1×1×1.</summary>
internal sealed class ModalityFusion : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly PreActivationUnit gather;
    private readonly PreActivationUnit mix;
    private readonly PreActivationUnit leave;

    public ModalityFusion(int modalities, int width)
        : base(nameof(ModalityFusion))
    {
        gather = MmFormerUnit.Make(modalities * width, width, kernel: 1);
        mix = MmFormerUnit.Make(width, width);
        leave = MmFormerUnit.Make(width, width, kernel: 1);
        RegisterComponents();
    }

    /// <param name="input">[N, modalities · width, D, H, W].</param>
    /// <returns>[N, width, D, H, W].</returns>
    public override Tensor forward(Tensor input) => leave.call(mix.call(gather.call(input)));

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) => graph.Apply(leave, graph.Apply(mix, graph.Apply(gather, input)));
}
