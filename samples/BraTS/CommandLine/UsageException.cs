namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>The user asked for something that cannot be done; the message says what is wrong and what to do.</summary>
internal sealed class UsageException(string message, Exception? innerException = null) : Exception(message, innerException);
