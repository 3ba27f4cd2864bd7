using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Training;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Output;

/// <summary>A fit as a bar with epoch, loss terms and the time left.</summary>
internal sealed class TrainingBar(ProgressTask task) : ITrainingCallback
{
    private readonly string _name = task.Description;

    public void StepEnded(TrainingProgress progress)
    {
        task.MaxValue = (double)progress.Epochs * progress.StepsPerEpoch;
        task.Value = ((double)progress.Epoch * progress.StepsPerEpoch) + progress.Step;
        task.Description = $"{_name}  epoch {progress.Epoch + 1}/{progress.Epochs}  loss {TrainingText.Losses(progress.Loss, progress.Terms)}  "
            + $"[dim]{TrainingText.Time(progress.Remaining)} left[/]";
    }

    public void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network)
    {
        EpochReport report = history[^1];
        if (task.Value >= task.MaxValue)
            task.Description = $"{_name}  {TrainingText.Epoch(report)}";
    }
}
