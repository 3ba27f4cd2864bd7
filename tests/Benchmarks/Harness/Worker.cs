using KnowledgeDistillation.Runtime;
using TorchSharp;

namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>The child process: runs one side of one case.</summary>
internal static class Worker
{
    public static void Run(string name, string side, string setting)
    {
        Setting at = Setting.FromText(setting);
        BenchmarkCase item = Cases.AllCases.Get(name);
        // What the workload prints must not disturb the messages to the parent.
        TextWriter output = Console.Out;
        Console.SetOut(Console.Error);
        // Sets the C library's allocator, too; the plain side keeps its default.
        if (side == nameof(Side.Ours))
            TorchRuntime.EnsureAvailable();
        if (side == nameof(Side.Ours) || item.PlainNeedsTorch)
            torch.set_num_threads(at.Threads);
        item[Enum.Parse<Side>(side)](new Gate(Console.In, output), at);
    }
}
