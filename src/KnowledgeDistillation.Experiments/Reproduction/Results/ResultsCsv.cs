using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>The results of a reproduction as CSV files: UTF-8, decimal points, scores from 0 to 1, distances in mm, one row per value or case.</summary>
internal static class ResultsCsv
{
    private const string RunColumns = "row,title,objective,modality,skip_connections";

    /// <summary>
    /// Writes seeds.csv, summary.csv, differences.csv and statistics.csv, and for a single seed cases.csv and folds.csv: with several seeds, each has its
    /// own in its folder. The same results give the same bytes.
    /// </summary>
    /// <param name="folder">Where the files go; made where it is missing.</param>
    /// <param name="results">The results.</param>
    public static void Write(string folder, ReproductionResults results)
    {
        if (results.States.Count == 1)
        {
            Cases(results).Write(Path.Combine(folder, "cases.csv"));
            Folds(results).Write(Path.Combine(folder, "folds.csv"));
        }

        Seeds(results).Write(Path.Combine(folder, "seeds.csv"));
        Summary(results).Write(Path.Combine(folder, "summary.csv"));
        Differences(results).Write(Path.Combine(folder, "differences.csv"));
        Statistics(results).Write(Path.Combine(folder, "statistics.csv"));
    }

    private static CsvTable Cases(ReproductionResults results) => Table(
        $"{RunColumns},fold,case,grade,grid,region,reference_voxels,predicted_voxels,dice,dice_empty_skipped,hd95_mm,sensitivity,specificity",
        from run in results.Runs
        from score in run.Scores
        select (string[])
        [
            .. Columns(run.Run), CsvTable.Number(run.Run.Settings.Fold), score.CaseId, score.Group ?? CaseScore.UnknownGroup,
            Name(score.Grid), score.Region.Region,
            CsvTable.Number(score.Region.Overlap.ReferenceVoxels), CsvTable.Number(score.Region.Overlap.PredictionVoxels),
            // The voxels of both stand there already.
            .. Enum.GetValues<RegionMetric>().Where(metric => metric != RegionMetric.VolumeRatio).Select(metric => CsvTable.Number(metric.Of(score.Region))),
        ]);

    private static CsvTable Folds(ReproductionResults results) => Table(
        $"{RunColumns},fold,grid,region,metric,mean,standard_deviation,cases,cases_without_value,cases_infinite_left_out",
        from fold in results.Folds
        select (string[])
        [
            .. Columns(fold.Run), CsvTable.Number(fold.Run.Settings.Fold), Name(fold.Grid), fold.Region, fold.Metric.ColumnName(), .. Columns(fold.OverCases),
        ]);

    private static CsvTable Seeds(ReproductionResults results) => Table(
        $"{RunColumns},seed,grid,region,metric,mean,standard_deviation,cases,cases_without_value,cases_infinite_left_out",
        from summary in results.Summary
        from seed in summary.Seeds
        select (string[])
        [
            .. Columns(results, summary.Row), CsvTable.Number(seed.Seed), Name(summary.Grid), summary.Region, summary.Metric.ColumnName(),
            .. Columns(seed.OverCases),
        ]);

    private static CsvTable Summary(ReproductionResults results) => Table(
        $"{RunColumns},grid,region,metric,mean_of_seed_means,standard_deviation_over_seeds,seeds,mean_of_fold_means,standard_deviation_over_folds,folds,"
            + "planned_folds,cases,cases_without_value,cases_infinite_left_out",
        from summary in results.Summary
        select (string[])
        [
            .. Columns(results, summary.Row), Name(summary.Grid), summary.Region, summary.Metric.ColumnName(),
            .. Columns(summary.OverSeeds), .. Columns(summary.OverFolds), CsvTable.Number(summary.PlannedFolds),
            CsvTable.Number(summary.Cases), CsvTable.Number(summary.Skipped), CsvTable.Number(summary.Infinite),
        ]);

    private static CsvTable Differences(ReproductionResults results) => Table(
        $"{RunColumns},baseline,grid,region,seed,folds,cases,dice_mean,baseline_dice_mean,difference_mean",
        from comparison in results.Comparisons
        from seed in comparison.Seeds
        select (string[])
        [
            .. Columns(results, comparison.Row), comparison.Baseline, Name(comparison.Grid), comparison.Region,
            CsvTable.Number(seed.Seed), CsvTable.Number(seed.Folds), CsvTable.Number(seed.Cases),
            CsvTable.Number(seed.StudentMean), CsvTable.Number(seed.BaselineMean), CsvTable.Number(seed.Difference),
        ]);

    private static CsvTable Statistics(ReproductionResults results) => Table(
        $"{RunColumns},baseline,grid,region,folds,planned_folds,seeds,seeds_ahead,dice_mean,baseline_dice_mean,difference_mean,"
        + "difference_lower_over_seeds,difference_upper_over_seeds,confidence,"
        + "t_over_seeds,p_value_over_seeds,p_value_over_seeds_holm,seeds_share_cases,cases,difference_mean_over_cases,difference_lower_over_cases,"
        + "difference_upper_over_cases,"
        + "wilcoxon_smaller_rank_sum,wilcoxon_pairs_that_differ,p_value,p_value_is_exact,p_value_holm,tests_in_family,"
        + "rank_biserial_correlation,wins,ties,losses",
        from comparison in results.Comparisons
        select (string[])
        [
            .. Columns(results, comparison.Row), comparison.Baseline, Name(comparison.Grid), comparison.Region,
            CsvTable.Number(comparison.Folds), CsvTable.Number(comparison.PlannedFolds),
            CsvTable.Number(comparison.Seeds.Count), CsvTable.Number(comparison.SeedsAhead),
            CsvTable.Number(comparison.StudentMean), CsvTable.Number(comparison.BaselineMean),
            CsvTable.Number(comparison.OverSeeds.Mean), CsvTable.Number(comparison.OverSeeds.Lower),
            CsvTable.Number(comparison.OverSeeds.Upper), CsvTable.Number(comparison.OverSeeds.Confidence),
            CsvTable.Number(comparison.OverSeeds.Statistic), CsvTable.Number(comparison.OverSeeds.PValue),
            CsvTable.Number(comparison.AdjustedPValueOverSeeds), results.SharesCases ? "true" : "false",
            CsvTable.Number(comparison.Cases), CsvTable.Number(comparison.OverCases.Mean),
            CsvTable.Number(comparison.OverCases.Lower), CsvTable.Number(comparison.OverCases.Upper),
            CsvTable.Number(comparison.Test.Statistic), CsvTable.Number(comparison.Test.Count),
            CsvTable.Number(comparison.Test.PValue), comparison.Test.IsExact ? "true" : "false",
            CsvTable.Number(comparison.AdjustedPValue), CsvTable.Number(comparison.FamilySize), CsvTable.Number(comparison.Test.RankBiserialCorrelation),
            CsvTable.Number(comparison.Wins), CsvTable.Number(comparison.Ties), CsvTable.Number(comparison.Losses),
        ]);

    private static string[] Columns(ReproductionResults results, string row) => Columns(results.Plan.First(run => run.Row == row));

    private static string[] Columns(PlannedRun run) =>
    [
        run.Row,
        run.LabelWithWeights,
        run.Objective,
        run.Modality,
        run.Settings.SkipConnections?.ToString(CultureInfo.InvariantCulture) ?? "all",
    ];

    private static string[] Columns(MeanAndDeviation summary) =>
        [CsvTable.Number(summary.Mean), CsvTable.Number(summary.StandardDeviation), CsvTable.Number(summary.Count)];

    private static string[] Columns(CaseSummary summary) =>
    [
        CsvTable.Number(summary.Mean), CsvTable.Number(summary.StandardDeviation),
        CsvTable.Number(summary.Cases), CsvTable.Number(summary.Skipped), CsvTable.Number(summary.Infinite),
    ];

    private static string Name(ScoringGrid grid) => grid.ToString().ToLowerInvariant();

    // The names of the columns stand between commas.
    private static CsvTable Table(string columns, IEnumerable<string[]> rows)
    {
        var table = new CsvTable(columns.Split(','));
        foreach (string[] row in rows)
            table.Add(row);
        return table;
    }
}
