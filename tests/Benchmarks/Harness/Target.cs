namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>What a case is to reach.</summary>
/// <param name="Work">What it is about, as the table says.</param>
/// <param name="Measure">The figure.</param>
/// <param name="AtMost">The limit.</param>
internal sealed record Target(string Work, Measure Measure, double AtMost);
