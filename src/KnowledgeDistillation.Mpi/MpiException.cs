namespace KnowledgeDistillation.Mpi;

/// <summary>MPI is not installed, or one of its calls failed.</summary>
public sealed class MpiException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is wrong, and what to do.</param>
    public MpiException(string message)
        : base(message)
    {
    }
}
