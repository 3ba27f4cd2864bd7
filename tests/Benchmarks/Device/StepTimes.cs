using System.Diagnostics;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>Notes when each step of a fit ended, and its loss.</summary>
internal sealed class StepTimes : ITrainingCallback
{
    private readonly List<long> _ends = [];

    public List<double> Losses { get; } = [];

    /// <summary>Seconds from step to step, in the middle of the later half, when everything is warm.</summary>
    public double Median => Statistics.Median(_ends.Zip(_ends.Skip(1), (from, to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds).Skip(_ends.Count / 2));

    public void StepEnded(TrainingProgress progress)
    {
        _ends.Add(Stopwatch.GetTimestamp());
        Losses.Add(progress.Loss);
    }
}
