using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Where an experiment shows what it does. The console draws bars; <see cref="SilentDisplay"/> shows nothing.</summary>
public interface IExperimentDisplay
{
    /// <summary>Shows one line of text.</summary>
    void Say(string text = "");

    /// <summary>Shows a line that begins something new.</summary>
    void Heading(string text);

    /// <summary>Reports something that went wrong without ending the experiment.</summary>
    void Warn(string text);

    /// <summary>Shows the progress of a fit.</summary>
    /// <param name="name">What is trained.</param>
    /// <param name="fit">Runs the fit with the callback that it is given.</param>
    T ShowFit<T>(string name, Func<ITrainingCallback, T> fit);

    /// <summary>Shows how many of a number of things are done.</summary>
    /// <param name="what">What is done.</param>
    /// <param name="total">The number of things.</param>
    /// <param name="work">Does the work, and reports how many are done.</param>
    T ShowCount<T>(string what, int total, Func<IProgress<int>, T> work);
}
