namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>
/// An experiment was asked for that cannot be done, or that contradicts what a folder already holds; the message says what is wrong and what to do.
/// Nothing was trained or written.
/// </summary>
public sealed class ExperimentException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="settings">The settings that it is about, by the names of their properties.</param>
    public ExperimentException(string message, params IReadOnlyList<string> settings)
        : this(message, null, settings)
    {
    }

    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="innerException">What was thrown below.</param>
    /// <param name="settings">The settings that it is about, by the names of their properties.</param>
    public ExperimentException(string message, Exception? innerException, params IReadOnlyList<string> settings)
        : base(message, innerException) => Settings = settings;

    /// <summary>
    /// The settings that it is about, by the names of their properties, so that a caller can name them as its users know them; none where it is about none.
    /// </summary>
    public IReadOnlyList<string> Settings { get; }

    /// <summary>Does something, and turns the refusal of an argument into this exception.</summary>
    internal static void Refuse(Action check)
    {
        try
        {
            check();
        }
        catch (ArgumentException exception)
        {
            throw new ExperimentException(exception.Message, exception);
        }
    }
}
