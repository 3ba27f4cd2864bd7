using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>What a reproduction says to the question that it asks, in plain words that claim no more than the statistics allow.</summary>
internal sealed class Answer(ReproductionState state, ReproductionResults results, IReadOnlyList<ReproductionRow> rows)
{
    private const ScoringGrid Grid = ScoringGrid.Training;

    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new ReportBlock.Heading(2, "Does distillation help the student here?");
        ReproductionRow[] students = [.. rows.Where(row => row.System == SegmentationSystems.KDNet && row.Paper is not null && row.HasAllSkipConnections)];
        if (students.Length == 0)
            yield return new ReportBlock.Findings(["Cannot tell: no KD-Net student with all skip connections is planned."]);
        foreach (ReproductionRow student in students)
            yield return new ReportBlock.Findings([Short(student), .. BraTSRegions.All.Select(region => Region(student, region.Name)).OfType<string>()]);
        if (ToGain() is { } gain)
            yield return new ReportBlock.Paragraph(gain);
        if (OfTheOthers(students) is { } others)
            yield return new ReportBlock.Paragraph(others);
        yield return new ReportBlock.Paragraph($"{Verdicts.Rule} {Limits()}", ReportTone.Muted);
    }

    // For example "KD-Net, 4 skips (λ 0.75, T 5, α 10, the paper's weights): in these runs ahead of the baseline in ET and TC, behind in WT."
    private string Short(ReproductionRow student)
    {
        Comparison[] comparisons = Comparisons(student);
        if (comparisons.Length == 0)
            return $"{student.LabelWithWeights}: cannot tell yet. {Missing(student)}";
        string[] ahead = [.. comparisons.Where(comparison => comparison.Difference.Mean > 0).Select(comparison => comparison.Region)];
        string[] notAhead = [.. comparisons.Where(comparison => !(comparison.Difference.Mean > 0)).Select(comparison => comparison.Region)];
        string[] parts =
        [
            .. ahead.Length > 0 ? [$"ahead of the baseline in {Verdicts.List(ahead)}"] : Array.Empty<string>(),
            .. notAhead.Length > 0 ? [$"not ahead in {Verdicts.List(notAhead)}"] : Array.Empty<string>(),
        ];
        string soFar = comparisons[0].Folds < comparisons[0].PlannedFolds
            ? FormattableString.Invariant($" So far: {comparisons[0].Folds} of {comparisons[0].PlannedFolds} folds.")
            : "";
        return $"{student.LabelWithWeights}: in these runs {string.Join(", ", parts)}. Whether the method does this, one seed cannot tell.{soFar}";
    }

    private string? Region(ReproductionRow student, string region)
    {
        if (results.FindComparison(student.Name, Grid, region) is not { } comparison)
            return null;
        double points = 100 * comparison.Difference.Mean;
        return string.Create(CultureInfo.InvariantCulture,
            $"{RegionTitles.Of(region)}: on these cases this student is {Math.Abs(points):0.00} points of Dice "
                + $"{(points < 0 ? "behind" : "ahead of")} this baseline "
                + $"({100 * comparison.StudentMean:0.00} against {100 * comparison.BaselineMean:0.00}; "
                + $"95 % interval over cases {ComparisonTables.Interval(comparison)}; "
                + $"{ComparisonTables.PInWords(comparison.AdjustedPValue)} after Holm's correction over {comparison.FamilySize} tests; "
                + $"better on {comparison.Wins} of {comparison.Cases} cases, worse on {comparison.Losses}).");
    }

    // Where the teacher is not better than the baseline, there is nothing to hand down.
    private string? ToGain()
    {
        if (rows.FirstOrDefault(row => row.Paper is not null && row.HasAllSkipConnections && row.System == SegmentationSystems.Teacher) is not { } teacher
            || rows.FirstOrDefault(row => row.Paper is not null && row.HasAllSkipConnections && row.System == SegmentationSystems.Baseline) is not { } baseline)
            return null;
        string[] parts =
        [
            .. BraTSRegions.All.Select(region => (region.Name, Teacher: Mean(teacher, region.Name), Baseline: Mean(baseline, region.Name)))
                .Where(part => part is { Teacher: not null, Baseline: not null })
                .Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Name} {part.Teacher:0.00} against {part.Baseline:0.00}")),
        ];
        return parts.Length == 0
            ? null
            : $"What there was to hand down: the teacher's Dice against the baseline's, means over the folds that are done, is {string.Join(", ", parts)}.";

        double? Mean(ReproductionRow row, string region) => 100 * results.Find(row.Name, Grid, region, RegionMetric.Dice)?.OverFolds.Mean;
    }

    private string? OfTheOthers(IReadOnlyList<ReproductionRow> told)
    {
        Comparison[] others = [.. results.Comparisons.Where(comparison => comparison.Grid == Grid && told.All(row => row.Name != comparison.Row))];
        return others.Length == 0
            ? null
            : FormattableString.Invariant($"Of the {others.Length} comparisons of other students with their baselines, ")
                + FormattableString.Invariant($"{others.Count(comparison => comparison.Difference.Mean > 0)} have the student ahead in these runs.");
    }

    private string Limits() => string.Create(CultureInfo.InvariantCulture,
        $"Interval and test are over cases, on the grid of the networks, with empty regions counted as in the tables below. "
            + $"Each network was trained once (seed {state.Settings.Seed}), and networks of different folds share training cases: how much another seed would "
            + $"move the figures is in neither interval nor p.{(state.IsOfPhantoms() ? " All cases are made up; nothing follows for patients." : "")}");

    private Comparison[] Comparisons(ReproductionRow student) =>
        [.. BraTSRegions.All.Select(region => results.FindComparison(student.Name, Grid, region.Name)).OfType<Comparison>()];

    private string Missing(ReproductionRow student) =>
        student.Finished.Count == 0 ? FormattableString.Invariant($"None of its {student.Planned.Count} runs is done.")
        : BaselineComparisons.BaselineOf(student.Planned[0], state.Plan) is null ? "No baseline of the same network is planned."
        : "No fold is done with both this student and its baseline.";
}
