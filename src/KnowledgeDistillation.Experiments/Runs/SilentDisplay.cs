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
    public T ShowFit<T>(string name, Func<ITrainingCallback, T> fit) => fit(new SilentCallback());

    /// <inheritdoc/>
    public T ShowCount<T>(string what, int total, Func<IProgress<int>, T> work) => work(new SilentProgress());

    private sealed class SilentCallback : ITrainingCallback
    {
    }

    private sealed class SilentProgress : IProgress<int>
    {
        public void Report(int value)
        {
        }
    }
}
