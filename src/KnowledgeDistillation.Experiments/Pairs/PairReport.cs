using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Reproduction.Report;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>What the pairs of a study that are done say, as tables and as report.html and report.md.</summary>
internal sealed class PairReport
{
    private readonly PairedStudyOptions _options;
    private readonly IReadOnlyList<PairRow> _rows;
    private readonly double[] _seconds;
    private readonly int _pairs;
    private readonly IReadOnlyList<PairComparison> _comparisons;
    private readonly (int Pairs, int Required, IReadOnlyDictionary<string, double> Deviations)? _count;

    private PairReport(PairedStudyOptions options, IReadOnlyList<(IReadOnlyList<PairRow> Rows, double Seconds)> pairs)
    {
        (_options, _pairs) = (options, pairs.Count);
        _rows = [.. pairs.SelectMany(pair => pair.Rows)];
        _seconds = [.. pairs.Select(pair => pair.Seconds)];
        _comparisons = PairComparison.Of(_rows);
        PairComparison[] primary = Of(PairQuestion.Primary);
        _count = primary.Length == BraTSRegions.All.Count ? PairCount.Of(primary.ToDictionary(item => item.Region, item => item.Differences)) : null;
    }

    // How many were asked for may change while the study goes on, and its end must not depend on what it shows.
    private int Wanted => Math.Max(_options.Pairs, _count?.Required ?? PairCount.Fewest);

    private bool IsComplete => _pairs >= Wanted;

    /// <summary>Writes results/pairs.csv, results/statistics.csv and both forms of the report; the same pairs give the same files.</summary>
    /// <param name="folder">The folder of the study.</param>
    /// <param name="options">What the study does.</param>
    /// <param name="pairs">The pairs that are done, in their order.</param>
    public static void Write(string folder, PairedStudyOptions options, IReadOnlyList<(IReadOnlyList<PairRow> Rows, double Seconds)> pairs)
    {
        var report = new PairReport(options, pairs);
        PairRow.Table(report._rows).Write(Path.Combine(folder, "results", "pairs.csv"));
        report.Statistics().Write(Path.Combine(folder, "results", "statistics.csv"));
        var document = new ReportDocument("Does KD-Net help a student that sees T1ce alone? Pairs of networks on phantoms", [.. report.Blocks()]);
        HtmlReport.Write(document, Path.Combine(folder, ReproductionFolder.HtmlName));
        MarkdownReport.Write(document, Path.Combine(folder, ReproductionFolder.MarkdownName));
    }

    private IEnumerable<ReportBlock> Blocks()
    {
        yield return new ReportBlock.Paragraph(string.Create(CultureInfo.InvariantCulture,
            $"{_pairs} of {_options.Pairs} pairs are done. A pair has its own initial weights and its own {_options.TrainingCases} phantoms to learn from and "
                + $"{_options.ValidationCases} to choose the best epoch by; the {_options.TestCases} test phantoms are the same for all. "
                + $"Baseline and students of a "
                + $"pair begin with the same weights and see the same phantoms in the same order. All cases are made up; nothing follows for patients."),
            ReportTone.Lead);
        yield return new ReportBlock.Heading(2, "The answer");
        PairComparison[] primary = Of(PairQuestion.Primary);
        yield return new ReportBlock.Findings(primary.Length == 0 || _pairs < 2
            ? ["Cannot tell yet: fewer than two pairs are done."]
            : [Answer(primary), .. primary.Select(Sentence)]);
        yield return new ReportBlock.Paragraph(
            "The question was fixed before the first pair: KD-Net with the paper's weights against the baseline, in ET, TC and WT, "
                + "by a t test over the pairs with "
                + "Holm's correction over these three tests, p below 0.05. Nothing else on this page claims anything, "
                + $"and nothing is claimed before {Wanted} pairs are done.",
            ReportTone.Muted);
        if (_count is { } count)
        {
            yield return new ReportBlock.Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"{PairCount.Rule} The deviations are {string.Join(", ", count.Deviations.Select(item => Invariant($"{item.Key} {100 * item.Value:0.00}")))}: "
                    + $"{count.Pairs} pairs by the rule, so {count.Required}."), ReportTone.Muted);
        }

        foreach ((PairQuestion question, string heading, string caption) in new[]
        {
            (PairQuestion.Primary, "KD-Net against the baseline", "Dice in points and predicted over reference volume"),
            (PairQuestion.Check, "Was there something to teach?", "The teacher, which sees all four modalities, against the baseline"),
            (PairQuestion.Descriptive, "What may explain it", "Other students; no claims, and no correction"),
        })
        {
            if (Of(question) is not { Length: > 0 } comparisons)
                continue;
            yield return new ReportBlock.Heading(2, heading);
            yield return new ReportBlock.Charts(Charts(comparisons));
            yield return new ReportBlock.Table(Table(caption, comparisons));
        }

        yield return new ReportBlock.Heading(2, "All networks");
        yield return new ReportBlock.Table(Levels());
        yield return new ReportBlock.Paragraph(
            "Mean ± standard deviation over pairs. Dice in percent; a region that is empty in reference and prediction counts as 100, "
                + "in one of them as 0. Volume: "
                + "all predicted voxels over all of the references; more than 1 is too much.", ReportTone.Muted);
        yield return new ReportBlock.Heading(2, "Convergence");
        IReadOnlyList<(int Pair, string System, string Reason)> failing = PairConvergence.Failing(_rows);
        int networks = _rows.DistinctBy(row => (row.Pair, row.System)).Count();
        yield return new ReportBlock.Paragraph($"{PairConvergence.Rule} {failing.Count} of {networks} networks have not"
            + $"{(failing.Count == 0 ? "." : $": {string.Join("; ", failing.Select(item => $"pair {item.Pair}, {item.System} ({item.Reason})"))}.")}");
        if (Without(failing) is { } without)
            yield return new ReportBlock.Table(without);
        if (_seconds.Length > 0)
        {
            yield return new ReportBlock.Paragraph(
                $"A pair took {TrainingText.Time(TimeSpan.FromSeconds(_seconds.Min()))} to {TrainingText.Time(TimeSpan.FromSeconds(_seconds.Max()))}, "
                    + $"all together {TrainingText.Time(TimeSpan.FromSeconds(_seconds.Sum()))}.",
                ReportTone.Muted);
        }

        yield return new ReportBlock.Details("Settings", [new ReportBlock.Table(new ReportTable(
            "All settings of the study",
            [new("Setting", IsText: true), new("Value", IsText: true)],
            [.. SettingsRows.Of(_options.Settings).Where(setting => !PairedStudyOptions.SetByStudy.Contains(setting.Name)).Select(setting => (ReportCell[])[
                SettingsRows.InWords(setting.Name), setting.Value])]))]);
    }

    private PairComparison[] Of(PairQuestion question) => [.. _comparisons.Where(comparison => comparison.Question == question)];

    private Verdict VerdictOf(PairComparison comparison) => !IsComplete || comparison.Question != PairQuestion.Primary
        ? Verdict.Open
        : Verdicts.Of(comparison.Differences.Count, comparison.Test.Mean, comparison.AdjustedPValue);

    private string Answer(PairComparison[] primary) => IsComplete
        ? $"On these phantoms: {Verdicts.InWords(primary.ToLookup(VerdictOf, comparison => comparison.Region))}."
        : $"Not yet: {_pairs} pairs are done, and nothing is claimed before {Wanted} are.";

    private string Sentence(PairComparison comparison)
    {
        string verdict = VerdictOf(comparison) switch
        {
            Verdict.Gain => "a gain",
            Verdict.Loss => "a loss",
            _ => IsComplete ? "cannot tell" : "so far",
        };
        return string.Create(CultureInfo.InvariantCulture,
            $"{RegionTitles.Of(comparison.Region)}: {verdict}. "
                + $"KD-Net − baseline {ComparisonTables.Signed(100 * comparison.Test.Mean)} points of Dice (95 % interval "
                + $"{ComparisonTables.Interval(comparison.Test.Lower, comparison.Test.Upper)} over {comparison.Differences.Count} pairs, "
                + $"{ComparisonTables.PInWords(comparison.Test.PValue)}, {ComparisonTables.PInWords(comparison.AdjustedPValue)} after "
                + $"Holm's correction; the paper: "
                + $"{ComparisonTables.Signed(PaperFigures.OfSystem(SegmentationSystems.KDNet.Name)!.GainOf(comparison.Region))}); "
                + $"volume {comparison.OneVolume:0.00} of the reference's, the baseline's {comparison.OtherVolume:0.00}.");
    }

    private IReadOnlyList<ReportChart> Charts(PairComparison[] comparisons) =>
    [
        .. BraTSRegions.All.Select(region => IntervalChart.Draw(
            RegionTitles.Of(region.Name),
            [
                .. comparisons.Where(comparison => comparison.Region == region.Name).Select(comparison => new IntervalChartRow(
                    comparison.Title,
                    VerdictOf(comparison).Style(),
                    100 * comparison.Test.Mean,
                    100 * comparison.Test.Lower,
                    100 * comparison.Test.Upper)
                {
                    Parts = [.. comparison.Differences.Select((difference, i) => (Invariant($"pair {comparison.Pairs[i]}"), 100 * difference))],
                }),
            ],
            "points of Dice; a dot for each pair")),
    ];

    private static ReportTable Table(string caption, PairComparison[] comparisons) => new(
        caption,
        [
            new("Comparison", IsText: true), new("Region", IsText: true), "Pairs", "Dice", "against",
            "Difference", "95 % interval", "Deviation", "p", "p, Holm",
            "Volume", "against", "Difference", "95 % interval",
        ],
        [
            .. comparisons.Select(comparison => (ReportCell[])
            [
                comparison.Title,
                comparison.Region,
                Invariant($"{comparison.Differences.Count}"),
                Invariant($"{100 * comparison.OneMean:0.00}"),
                Invariant($"{100 * comparison.OtherMean:0.00}"),
                ComparisonTables.Signed(100 * comparison.Test.Mean),
                ComparisonTables.Interval(comparison.Test.Lower, comparison.Test.Upper),
                Invariant($"{100 * MeanAndDeviation.Of(comparison.Differences).StandardDeviation:0.00}"),
                ComparisonTables.P(comparison.Test.PValue),
                ComparisonTables.P(comparison.AdjustedPValue),
                Invariant($"{comparison.OneVolume:0.00}"),
                Invariant($"{comparison.OtherVolume:0.00}"),
                comparison.VolumeTest is { } volume ? ComparisonTables.Signed(volume.Mean) : "–",
                comparison.VolumeTest is { } interval ? ComparisonTables.Interval(interval.Lower / 100, interval.Upper / 100) : "–",
            ]),
        ]);

    private ReportTable Levels() => new(
        "Dice and volume of each kind of network",
        [new("Network", IsText: true), "Pairs", .. BraTSRegions.All.SelectMany(region => (ReportColumn[])[$"{region.Name} %", $"{region.Name} volume"])],
        [
            .. PairSystem.All.Where(system => _rows.Any(row => row.System == system.Name)).Select(system => (ReportCell[])
            [
                system.Title,
                Invariant($"{_rows.Where(row => row.System == system.Name).DistinctBy(row => row.Pair).Count()}"),
                .. BraTSRegions.All.SelectMany(region =>
                {
                    PairRow[] rows = [.. _rows.Where(row => row.System == system.Name && row.Region == region.Name)];
                    return (ReportCell[])[Level(rows.Select(row => 100 * row.Dice)), Level(rows.Select(row => row.VolumeRatio))];
                }),
            ]),
        ]);

    // What the answer would be without the pairs in which a network of the question has not converged.
    private ReportTable? Without(IReadOnlyList<(int Pair, string System, string Reason)> failing)
    {
        HashSet<int> left =
            [.. failing.Where(item => item.System == PairSystem.KDNet.Name || item.System == PairSystem.Baseline.Name).Select(item => item.Pair)];
        PairComparison[] comparisons = left.Count == 0 ? []
            : [.. PairComparison.Of([.. _rows.Where(row => !left.Contains(row.Pair))]).Where(comparison => comparison.Question == PairQuestion.Primary)];
        return comparisons.Length == 0 ? null : Table("Without the pairs whose KD-Net or baseline has not converged; descriptive", comparisons);
    }

    private CsvTable Statistics()
    {
        var table = new CsvTable(
            "network", "against", "question", "region", "pairs", "dice_mean", "against_dice_mean", "difference_mean", "difference_lower", "difference_upper",
            "difference_standard_deviation", "t", "p_value", "p_value_holm", "volume_ratio", "against_volume_ratio", "volume_difference_mean",
            "volume_difference_lower", "volume_difference_upper", "volume_p_value");
        foreach (PairComparison comparison in _comparisons)
        {
            StudentTTest? volume = comparison.VolumeTest;
            table.Add(
            [
                comparison.One.Name, comparison.Other.Name, comparison.Question.ToString().ToLowerInvariant(), comparison.Region,
                CsvTable.Number(comparison.Differences.Count),
                .. new[]
                {
                    comparison.OneMean, comparison.OtherMean, comparison.Test.Mean, comparison.Test.Lower, comparison.Test.Upper,
                    MeanAndDeviation.Of(comparison.Differences).StandardDeviation, comparison.Test.Statistic, comparison.Test.PValue, comparison.AdjustedPValue,
                    comparison.OneVolume, comparison.OtherVolume, volume?.Mean ?? double.NaN, volume?.Lower ?? double.NaN, volume?.Upper ?? double.NaN,
                    volume?.PValue ?? double.NaN,
                }.Select(value => CsvTable.Number(value)),
            ]);
        }

        return table;
    }

    private static string Level(IEnumerable<double> values)
    {
        var summary = MeanAndDeviation.Of(values);
        return summary.Count < 2 ? Invariant($"{summary.Mean:0.00}") : Invariant($"{summary.Mean:0.00} ± {summary.StandardDeviation:0.00}");
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
