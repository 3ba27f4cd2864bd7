using System.Diagnostics;
using System.Globalization;

namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>
/// One side of a comparison in a process of its own, which the parent lets do one repetition at a time: so the sides can take turns,
/// each has a peak of memory of its own, and no setting of one (of an allocator, say) reaches the other.
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    public const string Argument = "--worker";

    private readonly Process _process;

    public WorkerProcess(BenchmarkCase item, Side side, Setting setting)
    {
        string[] command = side == Side.Plain && item.PlainProgram is { } program ? program(setting) : OwnCommand(item, side, setting);
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Read(Gate.Ready);
    }

    public Repetition Repeat()
    {
        _process.StandardInput.WriteLine(Gate.Go);
        string[] fields = Read(Gate.Result).Split('\t');
        return new Repetition(Number(fields[1]), Number(fields[2]), long.Parse(fields[3], CultureInfo.InvariantCulture), fields[4]);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(30)))
            _process.Kill();
        _process.Dispose();
    }

    private static string[] OwnCommand(BenchmarkCase item, Side side, Setting setting)
    {
        string[] start = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? [Environment.ProcessPath!, Path.Combine(AppContext.BaseDirectory, "Benchmarks.dll")]
            : [Environment.ProcessPath!];
        return [.. start, Argument, item.Name, side.ToString(), setting.ToText()];
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    // The parent ignores whatever else is printed.
    private string Read(string expected)
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith(expected, StringComparison.Ordinal))
                return line;
        }

        throw new BenchmarkException("One side ended before it was asked to; what it printed above says why.");
    }
}
