namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>
/// One side of a comparison. It makes what it needs, then does one repetition for each time that the gate lets it pass. The loop is the
/// workload's own, because a trainer cannot be left and entered again between two steps.
/// </summary>
internal delegate void Workload(Gate gate, Setting setting);
