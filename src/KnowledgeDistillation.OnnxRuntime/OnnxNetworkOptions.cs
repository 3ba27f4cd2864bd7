using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace KnowledgeDistillation.OnnxRuntime;

/// <summary>How an <see cref="OnnxCasePredictor"/> runs its network. Immutable.</summary>
public sealed record OnnxNetworkOptions
{
    /// <summary>
    /// The windows in which volumes are segmented, for networks of volumes and images of any size; null (default) for the whole volume at once.
    /// Torch's precision does not apply here and must be left at its default.
    /// </summary>
    public SlidingWindowOptions? Windows { get; init; }

    /// <summary>Threads of the CPU that compute one image, at least 1. Default: as many as there are cores. They wait without using the CPU.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Whether ONNX Runtime keeps the memory of one image for the next (its "memory arena"): faster where many images follow, but the most that was ever needed
    /// stays taken, and a single image takes more. Default no.
    /// </summary>
    public bool MemoryArena { get; init; }

    /// <summary>
    /// Changes the session's options before it is opened, for example to compute on a GPU: <c>options => options.AppendExecutionProvider_CUDA()</c> with one
    /// of ONNX Runtime's packages for GPUs. Default nothing.
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
