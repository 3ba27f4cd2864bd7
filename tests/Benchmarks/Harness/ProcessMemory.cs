using System.Diagnostics;
using System.Globalization;

namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>The largest resident memory of this process since the last reset.</summary>
internal static class ProcessMemory
{
    private const string Status = "/proc/self/status";
    private const string ClearReferences = "/proc/self/clear_refs";

    public static double PeakMebibytes
    {
        get
        {
            if (!File.Exists(Status))
                return Process.GetCurrentProcess().PeakWorkingSet64 / (double)(1 << 20);
            string line = File.ReadLines(Status).First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
        }
    }

    /// <summary>Resets the peak where the system can; elsewhere the peak is that of the whole process.</summary>
    public static void ResetPeak()
    {
        if (File.Exists(ClearReferences))
            File.WriteAllText(ClearReferences, "5");
    }
}
