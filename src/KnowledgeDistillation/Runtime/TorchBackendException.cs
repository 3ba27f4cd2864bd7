namespace KnowledgeDistillation.Runtime;

/// <summary>Torch cannot be used on this machine or in this application. The message names the cause and the cure.</summary>
public sealed class TorchBackendException : Exception
{
    internal TorchBackendException(TorchBackendProblem problem, string message, Exception? innerException = null)
        : base(message, innerException) => Problem = problem;

    /// <summary>Why torch cannot be used.</summary>
    public TorchBackendProblem Problem { get; }
}
