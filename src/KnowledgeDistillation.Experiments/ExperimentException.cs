namespace KnowledgeDistillation.Experiments;

/// <summary>
/// An experiment was asked for that makes no sense, or that contradicts what a folder already holds; the message says what
/// and what to do. Nothing was trained or written.
/// </summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="innerException">What was thrown below, if anything.</param>
public sealed class ExperimentException(string message, Exception? innerException = null) : Exception(message, innerException);
