using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Samples.BraTS.Output;

/// <summary>A fit as lines of plain text, about ten in all.</summary>
internal sealed class TrainingLines(string name, Action<string> say) : ITrainingCallback
{
    private const int Lines = 10;
    private TrainingProgress? _last;

    public void StepEnded(TrainingProgress progress) => _last = progress;

    public void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network)
    {
        (int done, int epochs) = (history.Count, _last!.Epochs);
        if (done * Lines / epochs > (done - 1) * Lines / epochs)
            say($"  {name}: epoch {done}/{epochs}, {TrainingText.Epoch(history[^1])}, {TrainingText.Time(_last.Remaining)} left");
    }
}
