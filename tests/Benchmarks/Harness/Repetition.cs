namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>What a child process reports of one repetition.</summary>
/// <param name="Value">Seconds, or the unit of the case.</param>
/// <param name="PeakMebibytes">The process's largest resident memory during it.</param>
/// <param name="LiveTensors">Tensors alive after it.</param>
/// <param name="Computed">What was computed.</param>
internal sealed record Repetition(double Value, double PeakMebibytes, long LiveTensors, string Computed);
