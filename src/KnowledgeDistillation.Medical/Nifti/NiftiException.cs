namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>
/// A NIfTI file cannot be read or written as asked: it is damaged, of another format, or of a kind that this library does not
/// support. The message is one sentence that names the file, says what is wrong with it and what to do.
/// </summary>
public sealed class NiftiException : IOException
{
    /// <summary>Makes an exception.</summary>
    public NiftiException(string message) : base(message)
    {
    }

    /// <summary>Makes an exception that another one caused.</summary>
    public NiftiException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
