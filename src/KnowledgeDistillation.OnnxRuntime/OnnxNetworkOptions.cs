using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace KnowledgeDistillation.OnnxRuntime;

/// <summary>How an <see cref="OnnxCasePredictor"/> runs its network. Immutable.</summary>
public sealed record OnnxNetworkOptions
{
    /// <summary>
    /// The windows in which volumes are segmented, for networks of volumes and images of any size; null (default) for windows as large as the patches that the
    /// network learned from, as <see cref="PatchMetadata"/> says, and for the whole volume at once where it learned from whole cases.
    /// Torch's precision does not apply here and must be left at its default.
    /// </summary>
    public SlidingWindowOptions? Windows { get; init; }

    /// <summary>Threads of the CPU that compute one image, at least 1. Default: as many as there are cores. They wait without using the CPU.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Changes the session's options before it is opened, for example to compute on a GPU: <c>options => options.AppendExecutionProvider_CUDA()</c> with one
    /// of ONNX Runtime's packages for GPUs, or <c>options => options.EnableCpuMemArena = true</c> to keep the memory of one image for the next, which is
    /// off. Default nothing.
    /// </summary>
    public Action<SessionOptions>? Configure { get; init; }

    internal void Validate()
    {
        OptionFaults faults = new OptionFaults(nameof(OnnxNetworkOptions))
            .Require(Threads >= 1, $"Threads must be at least 1, but is {Threads}.")
            .Require(
                Windows is null or { Precision: Precision.Full },
                $"Windows.Precision must be {nameof(Precision.Full)}, because an ONNX file computes as it was written.");
        if (Windows is not null)
            faults.Include(nameof(Windows), Windows.Faults());
        faults.ThrowIfAny();
    }
}
