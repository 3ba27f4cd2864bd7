using KnowledgeDistillation.Runtime;
using TorchSharp;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>Where a check computes, in which precision, and how large its networks and volumes are.</summary>
/// <param name="Device">The device.</param>
/// <param name="PrecisionName">One of <see cref="PrecisionNames"/>.</param>
/// <param name="Edge">Edge of the volumes.</param>
/// <param name="Width">Channels of the first level.</param>
/// <param name="Cases">Cases of an epoch.</param>
internal sealed record DeviceSetting(torch.Device Device, string PrecisionName, int Edge, int Width, int Cases)
{
    private const string Narrow = "bfloat16", Exact = "float32";

    public static IReadOnlyList<string> PrecisionNames { get; } = ["tf32", Narrow, Exact];

    public Precision Precision => PrecisionName == Narrow ? Precision.Mixed : Precision.Full;

    /// <summary>
    /// cuDNN rounds the inputs of float32 convolutions to TF32 unless that is switched off; matrix products do so only where it is switched on.
    /// </summary>
    public void Apply()
    {
        torch.backends.cudnn.allow_tf32 = PrecisionName != Exact;
        torch.backends.cuda.matmul.allow_tf32 = PrecisionName != Exact;
    }
}
