using System.Runtime;
using TorchSharp;

namespace KnowledgeDistillation.Tests;

/// <summary>
/// Counts the tensors that are alive in the process. Torch frees handles that nobody disposes of by finalizers, those of earlier tests too, and at any
/// moment: a plain count before and after may be wrong by chance.
/// </summary>
internal static class LiveTensors
{
    /// <summary>How many tensors are held by someone: the count when finalizers have nothing left to free.</summary>
    public static long Held()
    {
        long count = torch.Tensor.TotalCount;
        for (int same = 0; same < 2;)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            same = torch.Tensor.TotalCount == count ? same + 1 : 0;
            count = torch.Tensor.TotalCount;
        }

        return count;
    }

    /// <summary>
    /// How many more tensors are alive after an action than before it. No garbage is collected in between, so a tensor that the action leaves to a finalizer
    /// counts as left, and none of an earlier test's goes meanwhile.
    /// </summary>
    public static long LeftBy(Action action)
    {
        Held();
        GC.TryStartNoGCRegion(128 << 20);
        try
        {
            GC.WaitForPendingFinalizers();
            long before = torch.Tensor.TotalCount;
            action();
            return torch.Tensor.TotalCount - before;
        }
        finally
        {
            if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
                GC.EndNoGCRegion();
        }
    }
}
