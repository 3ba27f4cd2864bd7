using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>What several seeds say to the question that a reproduction asks, in plain words that claim no more than the statistics allow.</summary>
internal sealed class PooledAnswer(PooledResults results, IReadOnlyList<ReproductionRow> rows)
{
    private const ScoringGrid Grid = ScoringGrid.Training;

    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new ReportBlock.Heading(2, "Does distillation help the student here?");
        ReproductionRow[] students = [.. rows.Where(row => row.System == SegmentationSystems.KDNet && row.Paper is not null && row.HasAllSkipConnections)];
        if (students.Length == 0)
            yield return new ReportBlock.Findings(["Cannot tell: no KD-Net student with all skip connections is planned."]);
        foreach (ReproductionRow student in students)
            yield return new ReportBlock.Findings([Short(student), .. Comparisons(student).Select(Region)]);
        if (ToGain() is { } gain)
            yield return new ReportBlock.Paragraph(gain);
        PooledComparison[] others = [.. results.Comparisons.Where(comparison => comparison.Grid == Grid && students.All(row => row.Name != comparison.Row))];
        if (others.Length > 0)
        {
            yield return new ReportBlock.Paragraph(Verdicts.OfOthers(
                [.. others.Select(comparison => (Verdicts.Of(comparison), rows.First(row => row.Name == comparison.Row).Label, comparison.Region))]));
        }

        yield return new ReportBlock.Paragraph($"{Verdicts.RuleOverSeeds} {Limits()}", ReportTone.Muted);
    }

    private string Short(ReproductionRow student)
    {
        PooledComparison[] comparisons = Comparisons(student);
        if (comparisons.Length == 0)
            return $"{student.LabelWithWeights}: cannot tell yet. In no seed is a fold done with both this student and its baseline.";
        string soFar = comparisons[0].Folds < comparisons[0].PlannedFolds
            ? FormattableString.Invariant($" So far: {comparisons[0].Folds} of {comparisons[0].PlannedFolds} folds of all seeds.")
            : "";
        return $"{student.LabelWithWeights}: {Verdicts.InWords(comparisons.ToLookup(Verdicts.Of, comparison => comparison.Region))}.{soFar}";
    }

    private static string Region(PooledComparison comparison)
    {
        double points = 100 * comparison.OverSeeds.Mean;
        int seeds = comparison.Seeds.Count;
        string overSeeds = seeds > 1
            ? $"95 % interval over seeds {ComparisonTables.Interval(comparison.OverSeeds.Lower, comparison.OverSeeds.Upper)}, "
                + $"{ComparisonTables.PInWords(comparison.OverSeeds.PValue)}, {ComparisonTables.PInWords(comparison.AdjustedPValueOverSeeds)} after Holm's "
                + $"correction over {comparison.FamilySize} tests; "
            : "";
        string figures = string.Create(CultureInfo.InvariantCulture,
            $"({100 * comparison.StudentMean:0.00} against {100 * comparison.BaselineMean:0.00}; {overSeeds}ahead in {comparison.SeedsAhead} of {seeds} seeds; "
                + $"over {comparison.Cases} cases 95 % interval {ComparisonTables.Interval(comparison.OverCases.Lower, comparison.OverCases.Upper)}, "
                + $"{ComparisonTables.PInWords(comparison.AdjustedPValue)} after Holm's correction)");
        string ahead = string.Create(
            CultureInfo.InvariantCulture, $"{Math.Abs(points):0.00} points of Dice {(points < 0 ? "behind" : "ahead of")} the baseline");
        return Verdicts.Of(comparison) switch
        {
            Verdict.Gain => $"{RegionTitles.Of(comparison.Region)}: yes. On average the student is {ahead} {figures}.",
            Verdict.Loss => $"{RegionTitles.Of(comparison.Region)}: no, it harms. On average the student is {ahead} {figures}.",
            _ => $"{RegionTitles.Of(comparison.Region)}: cannot tell, because {Verdicts.List(Verdicts.Doubts(comparison))}. "
                + $"With these seeds the student is {ahead} {figures}.",
        };
    }

    // Where the teacher is not better than the baseline, there is nothing to hand down.
    private string? ToGain()
    {
        if (rows.FirstOrDefault(row => row.Paper is not null && row.HasAllSkipConnections && row.System == SegmentationSystems.Teacher) is not { } teacher
            || rows.FirstOrDefault(row => row.Paper is not null && row.HasAllSkipConnections && row.System == SegmentationSystems.Baseline) is not { } baseline)
            return null;
        string[] parts =
        [
            .. BraTSRegions.All.Select(region => (region.Name, Teacher: Dice(teacher, region.Name), Baseline: Dice(baseline, region.Name)))
                .Where(part => part is { Teacher: not null, Baseline: not null })
                .Select(part => string.Create(CultureInfo.InvariantCulture,
                    $"{part.Name} {100 * part.Teacher!.OverSeeds.Mean:0.00} against {100 * part.Baseline!.OverSeeds.Mean:0.00} (ahead in "
                    + $"{Ahead(part.Teacher, part.Baseline)} of {Both(part.Teacher, part.Baseline)} seeds)")),
        ];
        return parts.Length == 0
            ? null
            : $"What there was to hand down: the teacher's Dice against the baseline's, means over the seeds, is {string.Join(", ", parts)}.";

        PooledSummary? Dice(ReproductionRow row, string region) => results.Find(row.Name, Grid, region, RegionMetric.Dice);

        static int Both(PooledSummary one, PooledSummary other) => one.Seeds.Join(other.Seeds, seed => seed.Seed, seed => seed.Seed, (_, _) => 1).Count();

        static int Ahead(PooledSummary one, PooledSummary other) =>
            one.Seeds.Join(other.Seeds, seed => seed.Seed, seed => seed.Seed, (first, second) => first.OverCases.Mean > second.OverCases.Mean ? 1 : 0).Sum();
    }

    private string Limits()
    {
        string cases = results.SharesCases
            ? "All seeds have the same patients: each patient's differences are averaged over the seeds before they are tested, and the interval over seeds "
                + "says how far other trainings on these patients would move the mean, that over cases how far other patients would."
            : "Each seed has its own phantoms, folds, initial weights and order of training, so that seeds are independent replicates, "
                + "and the interval over them holds all that differs between them. The test over cases takes the cases of one network as independent, "
                + "which they are not quite; the p over seeds does not need that.";
        return $"{cases} Intervals are not corrected for the number of comparisons. On the grid of the networks, with empty regions counted as in the tables "
            + $"below.{(results.States[0].IsOfPhantoms() ? " All cases are made up; nothing follows for patients." : "")}";
    }

    private PooledComparison[] Comparisons(ReproductionRow student) =>
        [.. BraTSRegions.All.Select(region => results.FindComparison(student.Name, Grid, region.Name)).OfType<PooledComparison>()];
}
