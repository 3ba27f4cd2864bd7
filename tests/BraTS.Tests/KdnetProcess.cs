using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>The program in a process of its own, which can be killed.</summary>
internal sealed class KdnetProcess : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];

    private KdnetProcess(Process process) => _process = process;

    public static KdnetProcess Start(params string[] arguments)
    {
        // The same host that runs this process, so that none has to be on the path.
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return new KdnetProcess(Process.Start(
            new ProcessStartInfo(Path.GetFullPath(host), [typeof(KdnetApplication).Assembly.Location, .. arguments]) { RedirectStandardOutput = true })!);
    }

    /// <summary>Its output so far.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Reads what it writes, and kills it at the first line that fits, or waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public int ReadToEnd(Func<string, bool>? killAt = null)
    {
        while (_process.StandardOutput.ReadLine() is string line)
        {
            _lines.Add(line);
            if (killAt?.Invoke(line) == true)
                _process.Kill();
        }

        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
