namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>What was measured of a case: the repetitions of both sides, in the order in which they took turns.</summary>
internal sealed record Comparison(BenchmarkCase Case, Setting Setting, IReadOnlyList<Repetition> Ours, IReadOnlyList<Repetition> Plain)
{
    /// <summary>The median of the ratios of neighboring repetitions: what slows the machine down for a while slows both.</summary>
    public double Ratio => Statistics.Median(Ours.Zip(Plain, (ours, plain) => ours.Value / plain.Value));

    /// <summary>How much the ratio varies.</summary>
    public double RatioSpread => Statistics.MedianAbsoluteDeviation(Ours.Zip(Plain, (ours, plain) => ours.Value / plain.Value));

    public double PeakRatio => Peak(Ours) / Peak(Plain);

    public static double Peak(IReadOnlyList<Repetition> repetitions) => repetitions.Max(repetition => repetition.PeakMebibytes);

    public double Measured(Measure measure) => measure switch
    {
        Measure.Ratio => Ratio,
        Measure.PeakMemoryRatio => PeakRatio,
        _ => Statistics.Median(Ours.Select(repetition => repetition.Value)),
    };

    /// <summary>Measures a case: both sides live side by side, each in its own process, and take turns.</summary>
    public static Comparison Run(BenchmarkCase item, Setting setting)
    {
        setting = item.Adapt(setting);
        using var ours = new WorkerProcess(item, Side.Ours, setting);
        using var plain = new WorkerProcess(item, Side.Plain, setting);
        List<Repetition> ofOurs = [], ofPlain = [];
        int warmUp = setting.Quick ? Math.Min(1, item.WarmUp) : item.WarmUp;
        int repetitions = setting.Quick ? Math.Min(3, item.Repetitions) : item.Repetitions;
        for (int i = 0; i < warmUp + repetitions; i++)
        {
            (Repetition a, Repetition b) = (ours.Repeat(), plain.Repeat());
            if (a.Computed != b.Computed)
                throw new BenchmarkException($"The sides of '{item.Name}' did not compute the same: {a.Computed} against {b.Computed}.");
            if (i < warmUp)
                continue;
            ofOurs.Add(a);
            ofPlain.Add(b);
        }

        return new Comparison(item, setting, ofOurs, ofPlain);
    }
}
