using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Runtime;

/// <summary>What a fit or a prediction meets that needs more memory than the device has.</summary>
internal static class MemoryShortage
{
    // Torch's allocators for CUDA, Apple's GPU and the CPU, the CUDA driver, and the libraries of CUDA.
    private static readonly string[] Signs = ["out of memory", "can't allocate memory", "not enough memory", "STATUS_ALLOC_FAILED"];

    public static bool IsCauseOf(ExternalException exception) =>
        Array.Exists(Signs, sign => exception.Message.Contains(sign, StringComparison.OrdinalIgnoreCase));

    public static InvalidOperationException InFit(ExternalException exception) => Because(
        exception,
        "A training step needs more memory than there is",
        "Make the volumes or the batches smaller (BatchesPerStep averages over several batches), the network narrower, or set Precision to Mixed. "
            + "Checkpoints of the epochs before are sound: go on with Resume.");

    public static InvalidOperationException InPrediction(ExternalException exception) => Because(
        exception,
        "A prediction needs more memory than there is",
        "Predict window by window (SlidingWindowInference), in smaller windows, or in mixed precision.");

    // Torch's message has a native stack trace after the first line.
    private static InvalidOperationException Because(ExternalException exception, string what, string advice) =>
        new($"{what}. {advice} Torch says: {exception.Message.Split('\n')[0].Trim()}", exception);
}
