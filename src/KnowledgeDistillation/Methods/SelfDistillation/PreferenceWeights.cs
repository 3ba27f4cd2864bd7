using KnowledgeDistillation.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.SelfDistillation;

/// <summary>The weight β of each modality, a buffer, so that checkpoints keep it. Moves in training mode only.</summary>
internal sealed class PreferenceWeights : nn.Module
{
    // Kept alive on purpose: see TensorArithmetic.
    private static readonly Scalar Least = 0.1, Most = 4;

    private readonly double _rate;

    public PreferenceWeights(int modalities, double rate)
        : base(nameof(PreferenceWeights))
    {
        _rate = rate;
        register_buffer("weights", ones(modalities).DetachFromDisposeScope());
        // A trainer puts it into training mode.
        eval();
    }

    /// <summary>One weight for each modality; their squares add up to their number.</summary>
    public Tensor Weights => get_buffer("weights")!;

    /// <summary>Gives more weight to the modalities that lag behind, less to the others.</summary>
    /// <param name="preference">For each modality how much further it is from the network with all modalities than their mean is, relative to that mean;
    /// 0 for one that was not compared.</param>
    public void Follow(Tensor preference)
    {
        if (!training || _rate == 0)
            return;
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor moved = Weights.Plus(preference.to(Weights.dtype).Times(_rate)).clamp(Least, Most);
        Weights.copy_(moved * moved.Squared().mean().rsqrt());
    }
}
