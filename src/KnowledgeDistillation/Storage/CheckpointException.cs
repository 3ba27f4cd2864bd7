namespace KnowledgeDistillation.Storage;

/// <summary>A checkpoint or weights file is damaged, foreign or of a format that this version cannot read. Nothing was loaded from it.</summary>
public sealed class CheckpointException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="path">The file or folder that was refused.</param>
    /// <param name="reason">What is wrong with it, one sentence.</param>
    /// <param name="innerException">What was thrown below, if anything.</param>
    public CheckpointException(string path, string reason, Exception? innerException = null)
        : base($"'{path}' cannot be read: {reason}", innerException) => Path = path;

    /// <summary>The file or folder that was refused.</summary>
    public string Path { get; }
}
