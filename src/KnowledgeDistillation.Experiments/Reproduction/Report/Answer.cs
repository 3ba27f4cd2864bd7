using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Systems;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>What a reproduction says to the question that it asks, in plain words that claim no more than the statistics allow.</summary>
internal sealed class Answer(ReproductionResults results, IReadOnlyList<ReproductionRow> rows)
{
    private const ScoringGrid Grid = ScoringGrid.Training;

    private bool HasOneSeed => results.States.Count == 1;

    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new ReportBlock.Heading(2, "Does distillation help the student here?");
        ReproductionRow[] students = [.. OfTheQuestion(SegmentationSystems.KDNet)];
        if (students.Length == 0)
            yield return new ReportBlock.Findings(["Cannot tell: no KD-Net student with all skip connections is planned."]);
        foreach (ReproductionRow student in students)
            yield return new ReportBlock.Findings([Short(student), .. Comparisons(student).Select(Region)]);
        if (ToGain() is { } gain)
            yield return new ReportBlock.Paragraph(gain);
        Comparison[] others = [.. results.Comparisons.Where(comparison => comparison.Grid == Grid && students.All(row => row.Name != comparison.Row))];
        if (others.Length > 0)
        {
            yield return new ReportBlock.Paragraph(Verdicts.OfOthers(
                [.. others.Select(comparison => (Verdicts.Of(comparison), rows.First(row => row.Name == comparison.Row).Label, comparison.Region))]));
        }

        yield return new ReportBlock.Paragraph($"{Verdicts.Rule} {Limits()}", ReportTone.Muted);
    }

    private IEnumerable<ReproductionRow> OfTheQuestion(SegmentationSystem system) =>
        rows.Where(row => row.System == system && row.IsOfTheQuestion(results.States[0].Settings));

    // For example "KD-Net, 4 skips (λ 0.75, T 5, α 10, the paper's weights): it helps in ET; in TC and WT we cannot tell."
    private string Short(ReproductionRow student)
    {
        Comparison[] comparisons = Comparisons(student);
        if (comparisons.Length == 0)
            return $"{student.LabelWithWeights}: cannot tell yet. {Missing(student)}";
        string soFar = comparisons[0].Folds < comparisons[0].PlannedFolds
            ? FormattableString.Invariant($" So far: {comparisons[0].Folds} of {comparisons[0].PlannedFolds} folds{(HasOneSeed ? "" : " of all seeds")}.")
            : "";
        return $"{student.LabelWithWeights}: {OnThesePatients(Verdicts.InWords(comparisons.ToLookup(Verdicts.Of, comparison => comparison.Region)))}.{soFar}";
    }

    // Seeds that share their patients say nothing of other patients.
    private string OnThesePatients(string claim) => results.SharesCases && !HasOneSeed ? $"on these patients, {claim}" : claim;

    private string Region(Comparison comparison)
    {
        double points = 100 * comparison.OverSeeds.Mean;
        int seeds = comparison.Seeds.Count;
        string overSeeds = seeds > 1
            ? $"95 % interval over seeds {ComparisonTables.Interval(comparison.OverSeeds.Lower, comparison.OverSeeds.Upper)}, "
                + $"{ComparisonTables.PInWords(comparison.OverSeeds.PValue)}, {ComparisonTables.PInWords(comparison.AdjustedPValueOverSeeds)} after Holm's "
                + $"correction over {comparison.FamilySize} tests; ahead in {comparison.SeedsAhead} of {seeds} seeds; "
            : "";
        string figures = string.Create(CultureInfo.InvariantCulture,
            $"({100 * comparison.StudentMean:0.00} against {100 * comparison.BaselineMean:0.00}; {overSeeds}"
                + $"over {comparison.Cases} cases 95 % interval {ComparisonTables.Interval(comparison.OverCases.Lower, comparison.OverCases.Upper)}, "
                + $"{ComparisonTables.PInWords(comparison.AdjustedPValue)} after Holm's correction over {comparison.FamilySize} tests)");
        string ahead = string.Create(
            CultureInfo.InvariantCulture, $"{Math.Abs(points):0.00} points of Dice {(points < 0 ? "behind" : "ahead of")} the baseline");
        return Verdicts.Of(comparison) switch
        {
            Verdict.Gain => $"{RegionTitles.Of(comparison.Region)}: {OnThesePatients("yes")}. On average the student is {ahead} {figures}.",
            Verdict.Loss => $"{RegionTitles.Of(comparison.Region)}: {OnThesePatients("no, it harms")}. On average the student is {ahead} {figures}.",
            _ => $"{RegionTitles.Of(comparison.Region)}: cannot tell, because {Verdicts.Doubt(comparison)}. "
                + $"With {(seeds == 1 ? "this seed" : "these seeds")} the student is {ahead} {figures}.",
        };
    }

    // Where the teacher is not better than the baseline, there is nothing to hand down.
    private string? ToGain()
    {
        if (OfTheQuestion(SegmentationSystems.Teacher).FirstOrDefault() is not { } teacher
            || OfTheQuestion(SegmentationSystems.Baseline).FirstOrDefault() is not { } baseline)
            return null;
        string[] parts =
        [
            .. results.Regions.Select(region => (region.Name, Teacher: Dice(teacher, region.Name), Baseline: Dice(baseline, region.Name)))
                .Where(part => part is { Teacher: not null, Baseline: not null })
                .Select(part => string.Create(CultureInfo.InvariantCulture,
                    $"{part.Name} {100 * part.Teacher!.OverSeeds.Mean:0.00} against {100 * part.Baseline!.OverSeeds.Mean:0.00}")
                    + (HasOneSeed ? "" : Ahead(part.Teacher, part.Baseline))),
        ];
        return parts.Length == 0
            ? null
            : $"What there was to hand down: the teacher's Dice against the baseline's, means over {(HasOneSeed ? "all test cases" : "the seeds")}, is "
                + $"{string.Join(", ", parts)}.";

        SummaryRow? Dice(ReproductionRow row, string region) => results.Find(row.Name, Grid, region, RegionMetric.Dice);

        static string Ahead(SummaryRow one, SummaryRow other)
        {
            bool[] ahead =
                [.. one.Seeds.Join(other.Seeds, seed => seed.Seed, seed => seed.Seed, (first, second) => first.OverCases.Mean > second.OverCases.Mean)];
            return FormattableString.Invariant($" (ahead in {ahead.Count(isAhead => isAhead)} of {ahead.Length} seeds)");
        }
    }

    private string Limits()
    {
        string replicates = HasOneSeed
            ? "Each network was trained once, so these are figures of these networks and not of the methods: the luck of one training moves them by as much as "
                + "the paper's gains. Networks of different folds share training cases."
            : results.SharesCases
            ? "All seeds have the same patients: each patient's differences are averaged over the seeds before they are tested, and the interval over seeds "
                + "says how far other trainings on these patients would move the mean, that over cases how far other patients would."
            : "Each seed has its own phantoms, folds, initial weights and order of training, so that seeds are independent replicates, "
                + "and the interval over them holds all that differs between them. The test over cases takes the cases of one network as independent, "
                + "which they are not quite; the p over seeds does not need that.";
        return $"{replicates} Intervals are not corrected for the number of comparisons. On the grid of the networks, with empty regions counted as in the "
            + $"tables below.{(results.States[0].IsOfPhantoms() ? " All cases are made up; nothing follows for patients." : "")}";
    }

    private Comparison[] Comparisons(ReproductionRow student) =>
        [.. results.Regions.Select(region => results.FindComparison(student.Name, Grid, region.Name)).OfType<Comparison>()];

    private string Missing(ReproductionRow student) =>
        student.Finished.Count == 0 ? FormattableString.Invariant($"None of its {student.Planned.Count} runs is done.")
        : BaselineComparisons.BaselineOf(student.Planned[0], results.Plan) is null ? "No baseline of the same network is planned."
        : "No fold is done with both this student and its baseline.";
}
