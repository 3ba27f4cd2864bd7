using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Tests.Pairs;

/// <summary>Cancels after the first step of the fit of a number, counted from 1.</summary>
internal sealed class StoppingDisplay(CancellationTokenSource stop, int fits) : IExperimentDisplay
{
    private readonly SilentDisplay _silent = new();
    private int _begun;

    public void Say(string text = "")
    {
    }

    public void Heading(string text)
    {
    }

    public void Warn(string text)
    {
    }

    public T ShowFit<T>(string name, Func<ITrainingCallback, T> fit) => ++_begun == fits ? fit(new Stopping(stop)) : _silent.ShowFit(name, fit);

    public T ShowCount<T>(string what, int total, Func<IProgress<int>, T> work) => _silent.ShowCount(what, total, work);

    private sealed class Stopping(CancellationTokenSource stop) : ITrainingCallback
    {
        public void StepEnded(TrainingProgress progress) => stop.Cancel();
    }
}
