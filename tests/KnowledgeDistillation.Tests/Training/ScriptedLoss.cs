using KnowledgeDistillation.Methods.KDNet;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>A loss whose value in validation is the next of a list, so that a test can decide which epoch is the best.</summary>
internal sealed class ScriptedLoss(params double[] validationLosses) : IDistillationLoss
{
    private readonly ReferenceLoss _trained = new();
    private int _next;

    public Tensor Compute(DistillationContext context) => is_grad_enabled()
        ? _trained.Compute(context)
        : tensor((float)validationLosses[_next++]);
}
