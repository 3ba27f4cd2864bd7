namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>The user asked for something that makes no sense; the message says what and what to do.</summary>
internal sealed class UsageException(string message, Exception? innerException = null) : Exception(message, innerException);
