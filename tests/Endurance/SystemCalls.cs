using System.Diagnostics;
using System.Text.RegularExpressions;

namespace KnowledgeDistillation.Endurance;

/// <summary>
/// Distillations that are killed at a chosen system call, or whose call fails as on a full or a broken disk, and that are then resumed. Each must leave what
/// one that nobody disturbed leaves, bit by bit. Needs Linux and strace.
/// </summary>
internal static class SystemCalls
{
    private const int Epochs = 3;
    private static readonly string[] Watched = ["rename", "mkdir", "unlink", "rmdir", "fsync", "pwrite64"];
    private static readonly (string Injection, string Name)[] Faults = [("signal=KILL", "killed"), ("error=ENOSPC", "disk full"), ("error=EIO", "disk broken")];

    /// <param name="most">How many moments of each system call are tried, evenly spread over all of them.</param>
    public static int Run(int most)
    {
        string work = Directory.CreateTempSubdirectory("system-calls-").FullName;
        try
        {
            string whole = Path.Combine(work, "whole"), log = Path.Combine(work, "log");
            Trace(log, whole, injection: null);
            string[] lines = File.ReadAllLines(log);
            int tried = 0, different = 0;
            foreach (string call in Watched)
            {
                // Only what concerns the folder of the fit: the runtime opens hundreds of files of its own.
                int[] moments = [.. Moments(lines, call, whole)];
                int[] chosen =
                [
                    .. Enumerable.Range(0, Math.Min(most, moments.Length))
                        .Select(i => moments[(int)((long)i * moments.Length / Math.Min(most, moments.Length))]),
                ];
                foreach ((string injection, string name) in Faults)
                {
                    int ended = 0, wrong = 0;
                    foreach (int moment in chosen)
                    {
                        string folder = Path.Combine(work, "disturbed");
                        ended += Trace(log, folder, $"{call}:{injection}:when={moment}") == 0 ? 0 : 1;
                        string[] differences = [.. Kills.ResumeAndCompare(whole, folder, Epochs)];
                        wrong += differences.Length > 0 ? 1 : 0;
                        if (differences.Length > 0)
                            Console.WriteLine($"  {call} {moment}, {name}: {string.Join("; ", differences)}");
                        if (Directory.Exists(folder))
                            Directory.Delete(folder, recursive: true);
                    }

                    Console.WriteLine(
                        $"{call}, {name}: {chosen.Length} of {moments.Length} moments, {ended} fits ended there, {wrong} differ after they went on");
                    tried += chosen.Length;
                    different += wrong;
                }
            }

            Console.WriteLine($"{different} of {tried} fits differ");
            return different == 0 && tried > 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    // Where in the order of its kind each call stands that concerns a folder; counted per thread, as strace counts when it injects.
    private static IEnumerable<int> Moments(string[] lines, string call, string folder)
    {
        var counts = new Dictionary<string, int>();
        foreach (string line in lines)
        {
            if (Regex.Match(line, @"^(\d+) +(\w+)\(") is not { Success: true } match || match.Groups[2].Value != call)
                continue;
            string thread = match.Groups[1].Value;
            counts[thread] = counts.GetValueOrDefault(thread) + 1;
            if (line.Contains(folder, StringComparison.Ordinal))
                yield return counts[thread];
        }
    }

    private static int Trace(string log, string folder, string? injection)
    {
        string[] arguments =
        [
            "-f", "-qq", "-y", "-s", "300", "-o", log, "-e", "trace=" + string.Join(',', Watched),
            .. injection is null ? (string[])[] : ["-e", "inject=" + injection],
            Environment.ProcessPath!, "train", folder, $"{Epochs}",
        ];
        using Process process = Process.Start(new ProcessStartInfo("strace", arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
