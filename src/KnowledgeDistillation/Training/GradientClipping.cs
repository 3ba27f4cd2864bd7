using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>Shortens a gradient that is too long.</summary>
internal static class GradientClipping
{
    // As in torch: keeps the factor finite where all gradients are 0.
    private const double Epsilon = 1e-6;

    /// <summary>
    /// Scales all gradients so that together they are at most as long as this, as <c>nn.utils.clip_grad_norm_</c> does, bit by bit. That function returns the
    /// length, for which a GPU would have to finish all that is queued.
    /// </summary>
    public static void Clip(IEnumerable<Parameter> parameters, double longest)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor[] gradients = [.. parameters.Select(parameter => parameter.grad).OfType<Tensor>()];
        if (gradients.Length == 0)
            return;
        Tensor length = gradients.Length == 1 ? gradients[0].norm() : stack([.. gradients.Select(gradient => gradient.norm())]).norm();
        Tensor factor = length.Plus(Epsilon).reciprocal().Times(longest).AtMost(1);
        foreach (Tensor gradient in gradients)
            gradient.mul_(factor);
    }
}
