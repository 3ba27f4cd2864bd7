namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>The circumstances of a run.</summary>
/// <param name="FinishedAt">When it was done, in UTC.</param>
/// <param name="Seconds">How long training and scoring took, all attempts together.</param>
/// <param name="Versions">What it ran with, by name: this program with its git revision, .NET, TorchSharp, libtorch.</param>
/// <param name="Machine">Operating system, processor, number of threads, device; no names of hosts or users.</param>
internal sealed record RunFacts(
    DateTimeOffset FinishedAt,
    double Seconds,
    IReadOnlyDictionary<string, string> Versions,
    IReadOnlyDictionary<string, string> Machine);
