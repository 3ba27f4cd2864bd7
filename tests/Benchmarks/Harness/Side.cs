namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>The sides of a comparison.</summary>
internal enum Side
{
    Ours,
    Plain,
}
