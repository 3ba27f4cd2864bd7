namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>A comparison of our way with another in the same run.</summary>
internal sealed record BenchmarkCase(string Name, string Description, Workload Ours, Workload? Plain)
{
    /// <summary>What the other side is.</summary>
    public string PlainName { get; init; } = "plain";

    /// <summary>Whether the other side computes with torch.</summary>
    public bool PlainNeedsTorch { get; init; } = true;

    /// <summary>The command of the other side where it is a program of its own, which speaks as our workers do; null where it is one of ours.</summary>
    public Func<Setting, string[]>? PlainProgram { get; init; }

    /// <summary>Why the case cannot be measured on this machine; null where it can.</summary>
    public Func<string?> Hindrance { get; init; } = () => null;

    /// <summary>The unit of the values.</summary>
    public string Unit { get; init; } = "s";

    /// <summary>What is to be reached; none for cases that show how the time grows.</summary>
    public IReadOnlyList<Target> Targets { get; init; } = [];

    /// <summary>Repetitions that count, of each side.</summary>
    public int Repetitions { get; init; } = 9;

    /// <summary>Repetitions before, which fill caches and let the runtime optimize its code.</summary>
    public int WarmUp { get; init; } = 3;

    /// <summary>Changes the setting that was asked for.</summary>
    public Func<Setting, Setting> Adapt { get; init; } = setting => setting;

    public Workload this[Side side] => side == Side.Ours ? Ours : Plain ?? throw new InvalidOperationException("The other side is a program of its own.");
}
