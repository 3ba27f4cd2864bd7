using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>
/// Whether a copy to the device that should not wait waits for what is queued there: from ordinary memory, from which batches come, and from pinned memory.
/// </summary>
internal static class HostCopies
{
    private const int Products = 100, Edge = 4096, SmallEdge = 512;

    public static bool Check(DeviceSetting setting)
    {
        if (setting.Device.type == DeviceType.CPU)
        {
            DeviceResult.Print(("outcome", "skipped: a CPU has no queue"));
            return true;
        }

        using var scope = NewDisposeScope();
        int edge = setting.Edge < 64 ? SmallEdge : Edge;
        Tensor matrix = zeros([edge, edge], device: setting.Device);
        Tensor ordinary = zeros([4, 64, 64, 64]);
        Tensor pinned = ordinary.pin_memory();
        foreach ((string memory, Tensor host) in new[] { ("ordinary", ordinary), ("ordinary", ordinary), ("pinned", pinned), ("pinned", pinned) })
        {
            Finish();
            var watch = Stopwatch.StartNew();
            for (int i = 0; i < Products; i++)
                matrix.matmul(matrix).Dispose();
            double queued = watch.Elapsed.TotalMilliseconds;
            host.to(setting.Device, non_blocking: true).Dispose();
            double copied = watch.Elapsed.TotalMilliseconds;
            Finish();
            DeviceResult.Print(
                ("memory", memory),
                ("queued after, ms", Math.Round(queued, 3)),
                ("copy returned after, ms", Math.Round(copied, 3)),
                ("all done after, ms", Math.Round(watch.Elapsed.TotalMilliseconds, 3)));
        }

        return true;

        // A value that is read waits for all before it.
        void Finish() => matrix[0, 0].cpu().Dispose();
    }
}
