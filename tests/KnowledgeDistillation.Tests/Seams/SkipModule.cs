using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>
/// A module written without this library in mind. Its bottleneck is no sub-module's output, so it passes through an Identity to have a name.
/// </summary>
internal sealed class SkipModule : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> enter;
    private readonly Module<Tensor, Tensor> deepen;
    private readonly Module<Tensor, Tensor> bottleneck = Identity();
    private readonly Module<Tensor, Tensor> rise;
    private readonly Module<Tensor, Tensor> joined = Identity();
    private readonly Module<Tensor, Tensor> leave;

    public SkipModule(int inputs, int outputs)
        : base(nameof(SkipModule))
    {
        enter = Conv3d(inputs, 8, 3, padding: 1);
        deepen = Conv3d(8, 8, 3, padding: 1);
        rise = ConvTranspose3d(8, 8, 2, stride: 2);
        leave = Conv3d(16, outputs, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor shallow = enter.call(input).relu();
        Tensor pooled = functional.max_pool3d(shallow, [2, 2, 2]);
        Tensor deep = bottleneck.call((pooled + deepen.call(pooled)).relu());
        return leave.call(joined.call(cat([rise.call(deep), shallow], 1)));
    }
}
