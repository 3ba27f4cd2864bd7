using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Shows nothing.</summary>
public sealed class SilentDisplay : IExperimentDisplay
{
    /// <inheritdoc/>
    public void Say(string text = "")
    {
    }

    /// <inheritdoc/>
    public void Heading(string text)
    {
    }

    /// <inheritdoc/>
    public void Warn(string text)
    {
    }

    /// <inheritdoc/>
    public T ShowFit<T>(string name, Func<ITrainingCallback, T> fit) => fit(new Unwatched());

    /// <inheritdoc/>
    public T ShowCount<T>(string what, int total, Func<IProgress<int>, T> work) => work(new Uncounted());

    private sealed class Unwatched : ITrainingCallback
    {
    }

    private sealed class Uncounted : IProgress<int>
    {
        public void Report(int value)
        {
        }
    }
}
