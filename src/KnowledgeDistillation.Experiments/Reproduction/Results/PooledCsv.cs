using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>The results of several seeds as CSV files, written like those of one (<see cref="ResultsCsv"/>).</summary>
internal static class PooledCsv
{
    /// <summary>Writes seeds.csv, summary.csv, differences.csv and statistics.csv. The same results give the same bytes.</summary>
    /// <param name="folder">Where the files go; made where it is missing.</param>
    /// <param name="results">The results.</param>
    public static void Write(string folder, PooledResults results)
    {
        Seeds(results).Write(Path.Combine(folder, "seeds.csv"));
        Summary(results).Write(Path.Combine(folder, "summary.csv"));
        Differences(results).Write(Path.Combine(folder, "differences.csv"));
        Statistics(results).Write(Path.Combine(folder, "statistics.csv"));
    }

    private static CsvTable Seeds(PooledResults results) => ResultsCsv.Table(
        $"{ResultsCsv.RunColumns},seed,grid,region,metric,mean,standard_deviation,cases,cases_without_value,cases_infinite_left_out",
        from summary in results.Summary
        from seed in summary.Seeds
        select (string[])
        [
            .. Columns(results, summary.Row), CsvTable.Number(seed.Seed), ResultsCsv.Name(summary.Grid),
            summary.Region, summary.Metric.ColumnName(), .. ResultsCsv.Columns(seed.OverCases),
        ]);

    private static CsvTable Summary(PooledResults results) => ResultsCsv.Table(
        $"{ResultsCsv.RunColumns},grid,region,metric,mean_of_seed_means,standard_deviation_over_seeds,seeds,cases,cases_counted",
        from summary in results.Summary
        select (string[])
        [
            .. Columns(results, summary.Row), ResultsCsv.Name(summary.Grid), summary.Region, summary.Metric.ColumnName(),
            CsvTable.Number(summary.OverSeeds.Mean), CsvTable.Number(summary.OverSeeds.StandardDeviation), CsvTable.Number(summary.OverSeeds.Count),
            CsvTable.Number(summary.Cases), CsvTable.Number(summary.Counted),
        ]);

    private static CsvTable Differences(PooledResults results) => ResultsCsv.Table(
        $"{ResultsCsv.RunColumns},baseline,grid,region,seed,folds,cases,dice_mean,baseline_dice_mean,difference_mean",
        from comparison in results.Comparisons
        from seed in comparison.Seeds
        select (string[])
        [
            .. Columns(results, comparison.Row), comparison.Baseline, ResultsCsv.Name(comparison.Grid), comparison.Region,
            CsvTable.Number(seed.Seed), CsvTable.Number(seed.Folds), CsvTable.Number(seed.Cases),
            CsvTable.Number(seed.StudentMean), CsvTable.Number(seed.BaselineMean), CsvTable.Number(seed.Difference),
        ]);

    private static CsvTable Statistics(PooledResults results) => ResultsCsv.Table(
        $"{ResultsCsv.RunColumns},baseline,grid,region,folds,planned_folds,seeds,seeds_ahead,dice_mean,baseline_dice_mean,difference_mean,"
        + "difference_lower_over_seeds,difference_upper_over_seeds,confidence,"
        + "t_over_seeds,p_value_over_seeds,p_value_over_seeds_holm,seeds_share_cases,cases,difference_mean_over_cases,difference_lower_over_cases,"
        + "difference_upper_over_cases,"
        + "wilcoxon_smaller_rank_sum,wilcoxon_pairs_that_differ,p_value,p_value_is_exact,p_value_holm,tests_in_family,"
        + "rank_biserial_correlation,wins,ties,losses",
        from comparison in results.Comparisons
        select (string[])
        [
            .. Columns(results, comparison.Row), comparison.Baseline, ResultsCsv.Name(comparison.Grid), comparison.Region,
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

    private static string[] Columns(PooledResults results, string row) => ResultsCsv.Columns(results.Plan.First(run => run.Row == row));
}
