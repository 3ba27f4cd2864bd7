namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>A case that could not be measured.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
