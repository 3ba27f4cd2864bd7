using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>The results of a reproduction as CSV files: UTF-8, decimal points, scores from 0 to 1, distances in mm, one row per value or case.</summary>
internal static class ResultsCsv
{
    /// <summary>The columns that name a row.</summary>
    public const string RunColumns = "row,title,objective,modality,skip_connections";

    /// <summary>Writes cases.csv, folds.csv, summary.csv and statistics.csv. The same results give the same bytes.</summary>
    /// <param name="folder">Where the files go; made where it is missing.</param>
    /// <param name="results">The results.</param>
    public static void Write(string folder, ReproductionResults results)
    {
        Cases(results).Write(Path.Combine(folder, "cases.csv"));
        Folds(results).Write(Path.Combine(folder, "folds.csv"));
        Summary(results).Write(Path.Combine(folder, "summary.csv"));
        Statistics(results).Write(Path.Combine(folder, "statistics.csv"));
    }

    private static CsvTable Cases(ReproductionResults results) => Table(
        $"{RunColumns},fold,case,grade,grid,region,reference_voxels,predicted_voxels,dice,dice_empty_skipped,hd95_mm,sensitivity,specificity",
        from run in results.Runs
        from score in run.Scores
        select (string[])
        [
            .. Columns(run.Run), CsvTable.Number(run.Run.Settings.Fold), score.CaseId, score.Grade.ToString().ToLowerInvariant(),
            Name(score.Grid), score.Region.Region,
            CsvTable.Number(score.Region.Overlap.ReferenceVoxels), CsvTable.Number(score.Region.Overlap.PredictionVoxels),
            .. Enum.GetValues<RegionMetric>().Select(metric => CsvTable.Number(metric.Of(score.Region))),
        ]);

    private static CsvTable Folds(ReproductionResults results) => Table(
        $"{RunColumns},fold,grid,region,metric,mean,standard_deviation,cases,cases_without_value,cases_infinite_left_out",
        from fold in results.Folds
        select (string[])
        [
            .. Columns(fold.Run), CsvTable.Number(fold.Run.Settings.Fold), Name(fold.Grid), fold.Region, fold.Metric.ColumnName(), .. Columns(fold.OverCases),
        ]);

    private static CsvTable Summary(ReproductionResults results) => Table(
        $"{RunColumns},grid,region,metric,mean_of_fold_means,standard_deviation_over_folds,folds,planned_folds,mean_over_cases,standard_deviation_over_cases,"
            + "cases,cases_without_value,cases_infinite_left_out",
        from summary in results.Summary
        select (string[])
        [
            .. Columns(RunOf(results, summary.Row)), Name(summary.Grid), summary.Region, summary.Metric.ColumnName(),
            CsvTable.Number(summary.OverFolds.Mean), CsvTable.Number(summary.OverFolds.StandardDeviation),
            CsvTable.Number(summary.OverFolds.Count), CsvTable.Number(summary.PlannedFolds),
            .. Columns(summary.OverCases),
        ]);

    private static CsvTable Statistics(ReproductionResults results) => Table(
        $"{RunColumns},baseline,grid,region,folds,planned_folds,cases,dice_mean,baseline_dice_mean,difference_mean,difference_lower,"
        + "difference_upper,confidence,"
        + "wilcoxon_smaller_rank_sum,wilcoxon_pairs_that_differ,p_value,p_value_is_exact,p_value_holm,tests_in_family,"
        + "rank_biserial_correlation,wins,ties,losses",
        from comparison in results.Comparisons
        select (string[])
        [
            .. Columns(RunOf(results, comparison.Row)), comparison.Baseline, Name(comparison.Grid), comparison.Region,
            CsvTable.Number(comparison.Folds), CsvTable.Number(comparison.PlannedFolds), CsvTable.Number(comparison.Cases),
            CsvTable.Number(comparison.StudentMean), CsvTable.Number(comparison.BaselineMean),
            CsvTable.Number(comparison.Difference.Mean), CsvTable.Number(comparison.Difference.Lower),
            CsvTable.Number(comparison.Difference.Upper), CsvTable.Number(comparison.Difference.Confidence),
            CsvTable.Number(comparison.Test.Statistic), CsvTable.Number(comparison.Test.Count),
            CsvTable.Number(comparison.Test.PValue), comparison.Test.IsExact ? "true" : "false",
            CsvTable.Number(comparison.AdjustedPValue), CsvTable.Number(comparison.FamilySize), CsvTable.Number(comparison.Test.RankBiserialCorrelation),
            CsvTable.Number(comparison.Wins), CsvTable.Number(comparison.Ties), CsvTable.Number(comparison.Losses),
        ]);

    private static PlannedRun RunOf(ReproductionResults results, string row) => results.Plan.First(run => run.Row == row);

    /// <summary>The cells of <see cref="RunColumns"/>.</summary>
    public static string[] Columns(PlannedRun run) =>
    [
        run.Row,
        run.LabelWithWeights,
        run.Objective,
        run.Modality,
        run.Settings.SkipConnections?.ToString(CultureInfo.InvariantCulture) ?? "all",
    ];

    /// <summary>Mean, standard deviation, and the three counts.</summary>
    public static string[] Columns(CaseSummary summary) =>
    [
        CsvTable.Number(summary.Mean), CsvTable.Number(summary.StandardDeviation),
        CsvTable.Number(summary.Cases), CsvTable.Number(summary.Skipped), CsvTable.Number(summary.Infinite),
    ];

    public static string Name(ScoringGrid grid) => grid.ToString().ToLowerInvariant();

    /// <summary>A table of columns, whose names stand between commas, and rows.</summary>
    public static CsvTable Table(string columns, IEnumerable<string[]> rows)
    {
        var table = new CsvTable(columns.Split(','));
        foreach (string[] row in rows)
            table.Add(row);
        return table;
    }
}
