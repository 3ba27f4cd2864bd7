namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>Which figure of a case a target speaks of.</summary>
internal enum Measure
{
    /// <summary>Our value by the plain one.</summary>
    Ratio,

    /// <summary>Our peak of memory by the plain one.</summary>
    PeakMemoryRatio,

    /// <summary>Our value itself, in the unit of the case.</summary>
    Value,
}
