using System.Globalization;
using System.Text;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Runs;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>The results of a reproduction as CSV files: UTF-8, decimal points, scores from 0 to 1, distances in mm, one line a value or a case.</summary>
internal static class ResultsCsv
{
    /// <summary>The columns that name a row.</summary>
    public const string RunColumns = "row,title,objective,modality,skip_connections";

    /// <summary>Writes cases.csv, folds.csv, summary.csv and statistics.csv. The same results give the same bytes.</summary>
    /// <param name="folder">Where the files go; made where it is missing.</param>
    /// <param name="results">The results.</param>
    public static void Write(string folder, ReproductionResults results)
    {
        OutputFile.Write(Path.Combine(folder, "cases.csv"), Cases(results));
        OutputFile.Write(Path.Combine(folder, "folds.csv"), Folds(results));
        OutputFile.Write(Path.Combine(folder, "summary.csv"), Summary(results));
        OutputFile.Write(Path.Combine(folder, "statistics.csv"), Statistics(results));
    }

    private static string Cases(ReproductionResults results) => Table(
        $"{RunColumns},fold,case,grade,grid,region,reference_voxels,predicted_voxels,dice,dice_empty_skipped,hd95_mm,sensitivity,specificity",
        from run in results.Runs
        from score in run.Scores
        select (string[])
        [
            .. Columns(run.Run), Integer(run.Run.Settings.Fold), Csv.Text(score.CaseId), score.Grade.ToString()
                .ToLowerInvariant(), Name(score.Grid), score.Region.Region,
            Integer(score.Region.Overlap.ReferenceVoxels), Integer(score.Region.Overlap.PredictionVoxels),
            .. Enum.GetValues<RegionMetric>().Select(metric => Csv.Number(metric.Of(score.Region))),
        ]);

    private static string Folds(ReproductionResults results) => Table(
        $"{RunColumns},fold,grid,region,metric,mean,standard_deviation,cases,cases_without_value,cases_infinite_left_out",
        from fold in results.Folds
        select (string[])
        [
            .. Columns(fold.Run), Integer(fold.Run.Settings.Fold), Name(fold.Grid), fold.Region, fold.Metric.ColumnName(), .. Columns(fold.OverCases),
        ]);

    private static string Summary(ReproductionResults results) => Table(
        $"{RunColumns},grid,region,metric,mean_of_fold_means,standard_deviation_over_folds,folds,planned_folds,mean_over_cases,standard_deviation_over_cases,"
            + "cases,cases_without_value,cases_infinite_left_out",
        from summary in results.Summary
        select (string[])
        [
            .. Columns(RunOf(results, summary.Row)), Name(summary.Grid), summary.Region, summary.Metric.ColumnName(),
            Csv.Number(summary.OverFolds.Mean), Csv.Number(summary.OverFolds.StandardDeviation),
            Integer(summary.OverFolds.Count), Integer(summary.PlannedFolds),
            .. Columns(summary.OverCases),
        ]);

    private static string Statistics(ReproductionResults results) => Table(
        $"{RunColumns},baseline,grid,region,folds,planned_folds,cases,dice_mean,baseline_dice_mean,difference_mean,difference_lower,"
        + "difference_upper,confidence,"
        + "wilcoxon_smaller_rank_sum,wilcoxon_pairs_that_differ,p_value,p_value_is_exact,p_value_holm,tests_in_family,"
        + "rank_biserial_correlation,wins,ties,losses",
        from comparison in results.Comparisons
        select (string[])
        [
            .. Columns(RunOf(results, comparison.Row)), Csv.Text(comparison.Baseline), Name(comparison.Grid), comparison.Region,
            Integer(comparison.Folds), Integer(comparison.PlannedFolds), Integer(comparison.Cases),
            Csv.Number(comparison.StudentMean), Csv.Number(comparison.BaselineMean),
            Csv.Number(comparison.Difference.Mean), Csv.Number(comparison.Difference.Lower),
            Csv.Number(comparison.Difference.Upper), Csv.Number(comparison.Difference.Confidence),
            Csv.Number(comparison.Test.Statistic), Integer(comparison.Test.Count),
            Csv.Number(comparison.Test.PValue), comparison.Test.IsExact ? "true" : "false",
            Csv.Number(comparison.AdjustedPValue), Integer(comparison.FamilySize), Csv.Number(comparison.Test.RankBiserialCorrelation),
            Integer(comparison.Wins), Integer(comparison.Ties), Integer(comparison.Losses),
        ]);

    private static PlannedRun RunOf(ReproductionResults results, string row) => results.Plan.First(run => run.Row == row);

    /// <summary>The cells of <see cref="RunColumns"/>.</summary>
    public static string[] Columns(PlannedRun run) =>
    [
        Csv.Text(run.Row),
        Csv.Text(run.LabelWithWeights),
        Csv.Text(run.Objective),
        Csv.Text(run.Modality),
        run.Settings.SkipConnections?.ToString(CultureInfo.InvariantCulture) ?? "all",
    ];

    /// <summary>Mean, standard deviation, and the three counts.</summary>
    public static string[] Columns(CaseSummary summary) =>
        [Csv.Number(summary.Mean), Csv.Number(summary.StandardDeviation), Integer(summary.Cases), Integer(summary.Skipped), Integer(summary.Infinite)];

    public static string Name(ScoringGrid grid) => grid.ToString().ToLowerInvariant();

    public static string Integer(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A file of a header and lines.</summary>
    public static string Table(string header, IEnumerable<string[]> lines)
    {
        var text = new StringBuilder(header).Append('\n');
        foreach (string[] line in lines)
            text.AppendJoin(',', line).Append('\n');
        return text.ToString();
    }
}
