using System.Diagnostics;
using System.Globalization;
using TorchSharp;

namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>Where the workload of a child process waits for the parent's signal before each repetition, and reports to it afterwards.</summary>
internal sealed class Gate(TextReader input, TextWriter output)
{
    public const string Go = "go";
    public const string Ready = "@ready";
    public const string Result = "@result";

    private bool _isReady;

    /// <summary>
    /// What was computed, in words that are the same on both sides of a fair comparison: the number of parameters,
    /// a checksum, a distance. The parent compares them.
    /// </summary>
    public string Computed { get; set; } = "";

    /// <summary>Waits. False when the parent has seen enough.</summary>
    public bool Wait()
    {
        if (!_isReady)
            output.WriteLine(Ready);
        _isReady = true;
        if (input.ReadLine() != Go)
            return false;
        ProcessMemory.ResetPeak();
        return true;
    }

    /// <summary>Does a repetition at each opening of the gate and reports how long it took.</summary>
    public void Repeat(Action repetition)
    {
        while (Wait())
        {
            var watch = Stopwatch.StartNew();
            repetition();
            Report(watch.Elapsed.TotalSeconds);
        }
    }

    /// <summary>Reports a repetition: its seconds, or whatever else the case measures.</summary>
    public void Report(double value) =>
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{Result}\t{value:R}\t{ProcessMemory.PeakMebibytes:0.0}\t{torch.Tensor.TotalCount}\t{Computed}"));
}
