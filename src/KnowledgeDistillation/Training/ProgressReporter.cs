using System.Diagnostics;

namespace KnowledgeDistillation.Training;

/// <summary>Reports after each step how far the fit has come, and estimates the time that remains from the steps of this run.</summary>
internal sealed class ProgressReporter(IProgress<TrainingProgress>? progress, TrainingOptions options, int firstEpoch, int stepsPerEpoch)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <summary>Whether a step, counted from 1, was the first since the fit began or was resumed.</summary>
    public bool IsFirst(int epoch, int step) => epoch == firstEpoch && step == 1;

    public TrainingProgress StepEnded(int epoch, int step, double loss, IReadOnlyList<TermValue> terms, double learningRate)
    {
        long stepsDone = ((long)(epoch - firstEpoch) * stepsPerEpoch) + step;
        long stepsLeft = ((long)(options.Epochs - firstEpoch) * stepsPerEpoch) - stepsDone;
        TimeSpan elapsed = _watch.Elapsed;
        var report =
            new TrainingProgress(epoch, options.Epochs, step, stepsPerEpoch, loss, terms, learningRate, elapsed, elapsed * (stepsLeft / (double)stepsDone));
        progress?.Report(report);
        return report;
    }
}
