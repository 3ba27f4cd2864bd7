namespace KnowledgeDistillation.Fuzz;

/// <summary>An input was accepted and gave a wrong result.</summary>
internal sealed class FuzzException(string message) : Exception(message);
