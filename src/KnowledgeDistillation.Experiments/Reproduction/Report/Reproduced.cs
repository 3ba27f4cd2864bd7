using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>What it means here that the paper is reproduced, with its gains beside ours.</summary>
internal sealed class Reproduced(ReproductionResults results, IReadOnlyList<ReproductionRow> rows)
{
    private const ScoringGrid Grid = ScoringGrid.Training;

    private bool HasOneSeed => results.States.Count == 1;

    /// <summary>Empty for a data set of which the paper says nothing.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        if (!PaperFigures.AreFor(results.States[0].Settings.Data))
            yield break;
        yield return new ReportBlock.Heading(2, "Is the paper reproduced?");
        string[] others = PaperCaveats.Deviations(results.States[0].Settings);
        yield return new ReportBlock.Bullets(
        [
            $"The protocol: {(others.Length == 0 ? "all settings are the paper's" : $"settings other than the paper's are {string.Join("; ", others)}")}. What "
                + "the paper leaves open is said beside its tables.",
            "The gains: what counts is by how much a student is ahead of its baseline, which stands below beside the paper's figure, "
                + "and not the level of its Dice, which depends on the cases.",
            HasOneSeed
                ? "The verdict: one seed tells of these networks and claims nothing."
                : "The verdict: only what is called a gain or a loss in the section after this one.",
        ]);
        ReportCell[][] gains = [.. rows.Where(row => row.Paper is { Objective.Length: > 0 }).Select(Gains).OfType<ReportCell[]>()];
        if (gains.Length > 0)
        {
            yield return new ReportBlock.Table(new ReportTable(
                $"Gains over the baseline in points of Dice, with 95 % interval over {(HasOneSeed ? "cases (these networks alone)" : "seeds")}",
                [
                    new("Student", IsText: true), new("Weights", IsText: true),
                    .. BraTSRegions.All.SelectMany(region => (ReportColumn[])[region.Name, $"{region.Name}, paper"]),
                ],
                gains));
        }

        if (Order() is { } order)
            yield return new ReportBlock.Paragraph(order, ReportTone.Muted);
    }

    private ReportCell[]? Gains(ReproductionRow row)
    {
        Comparison?[] ours = [.. BraTSRegions.All.Select(region => results.FindComparison(row.Name, Grid, region.Name))];
        if (ours.All(comparison => comparison is null))
            return null;
        return
        [
            row.Label,
            row.Weights,
            .. BraTSRegions.All.Zip(ours).SelectMany(part => (ReportCell[])
            [
                part.Second is { } comparison ? Gain(comparison) : "–",
                new(ComparisonTables.Signed(row.Paper!.GainOf(part.First.Name)), ReportTone.Muted),
            ]),
        ];
    }

    private string Gain(Comparison comparison)
    {
        (double lower, double upper) = HasOneSeed
            ? (comparison.OverCases.Lower, comparison.OverCases.Upper)
            : (comparison.OverSeeds.Lower, comparison.OverSeeds.Upper);
        string interval = ComparisonTables.Interval(lower, upper);
        return double.IsFinite(lower)
            ? $"{ComparisonTables.Signed(100 * comparison.OverSeeds.Mean)} ({interval})"
            : ComparisonTables.Signed(100 * comparison.OverSeeds.Mean);
    }

    // The ablation as an order, which says more than three figures that all lie within their noise.
    private string? Order()
    {
        (string Objective, double Ours, double Paper)[] terms =
        [
            .. rows.Where(row =>
                row.Paper is { Objective.Length: > 0 } && row.IsOfTheQuestion(results.States[0].Settings) && row.System.Inputs == SystemInputs.OneModality)
                // Of two rows with other weights the first is that of the settings.
                .DistinctBy(row => row.Paper!.Objective)
                .Select(row => (row.Paper!.Objective, Mean(row), BraTSRegions.All.Average(region => row.Paper.Dice[region.Name].Mean)))
                .Where(term => double.IsFinite(term.Item2)),
        ];
        return terms.Length < 3
            ? null
            : "The order of the loss terms by their mean Dice over ET, TC and WT, with all skip connections; "
                + "a description, since neighbors differ by less than chance: "
                + $"here {In(terms.OrderBy(term => term.Ours))}; in the paper {In(terms.OrderBy(term => term.Paper))}.";

        static string In(IEnumerable<(string Objective, double Ours, double Paper)> order) => string.Join(" < ", order.Select(term => term.Objective));
    }

    private double Mean(ReproductionRow row) =>
        BraTSRegions.All.Average(region => results.Find(row.Name, Grid, region.Name, RegionMetric.Dice)?.OverSeeds.Mean ?? double.NaN);
}
