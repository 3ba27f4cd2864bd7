namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>Which figure of a case a target is about.</summary>
internal enum Measure
{
    /// <summary>Our value divided by the plain one.</summary>
    Ratio,

    /// <summary>Our peak of memory divided by the plain one.</summary>
    PeakMemoryRatio,

    /// <summary>Our value itself, in the unit of the case.</summary>
    Value,
}
