namespace KnowledgeDistillation.Tests.Training;

/// <summary>Keeps the reports, on the thread of the fit, and may act on them.</summary>
internal sealed class ListProgress(Action<TrainingProgress>? act = null) : IProgress<TrainingProgress>
{
    public List<TrainingProgress> Reports { get; } = [];

    public void Report(TrainingProgress value)
    {
        Reports.Add(value);
        act?.Invoke(value);
    }
}
