using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Runs;

namespace KnowledgeDistillation.Experiments.Reproduction.Pooled;

/// <summary>The results of several seeds as CSV files, written like those of one (<see cref="ResultsCsv"/>).</summary>
internal static class PooledCsv
{
    /// <summary>Writes seeds.csv, summary.csv, differences.csv and statistics.csv. The same results give the same bytes.</summary>
    /// <param name="folder">Where the files go; made where it is missing.</param>
    /// <param name="results">The results.</param>
    public static void Write(string folder, PooledResults results)
    {
        OutputFile.Write(Path.Combine(folder, "seeds.csv"), Seeds(results));
        OutputFile.Write(Path.Combine(folder, "summary.csv"), Summary(results));
        OutputFile.Write(Path.Combine(folder, "differences.csv"), Differences(results));
        OutputFile.Write(Path.Combine(folder, "statistics.csv"), Statistics(results));
    }

    private static string Seeds(PooledResults results) => ResultsCsv.Table(
        $"{ResultsCsv.RunColumns},seed,grid,region,metric,mean,standard_deviation,cases,cases_without_value,cases_infinite_left_out",
        from summary in results.Summary
        from seed in summary.Seeds
        select (string[])
        [
            .. Columns(results, summary.Row), ResultsCsv.Integer(seed.Seed), ResultsCsv.Name(summary.Grid),
            summary.Region, summary.Metric.ColumnName(), .. ResultsCsv.Columns(seed.OverCases),
        ]);

    private static string Summary(PooledResults results) => ResultsCsv.Table(
        $"{ResultsCsv.RunColumns},grid,region,metric,mean_of_seed_means,standard_deviation_over_seeds,seeds,cases,cases_counted",
        from summary in results.Summary
        select (string[])
        [
            .. Columns(results, summary.Row), ResultsCsv.Name(summary.Grid), summary.Region, summary.Metric.ColumnName(),
            Csv.Number(summary.OverSeeds.Mean), Csv.Number(summary.OverSeeds.StandardDeviation), ResultsCsv.Integer(summary.OverSeeds.Count),
            ResultsCsv.Integer(summary.Cases), ResultsCsv.Integer(summary.Counted),
        ]);

    private static string Differences(PooledResults results) => ResultsCsv.Table(
        $"{ResultsCsv.RunColumns},baseline,grid,region,seed,folds,cases,dice_mean,baseline_dice_mean,difference_mean",
        from comparison in results.Comparisons
        from seed in comparison.Seeds
        select (string[])
        [
            .. Columns(results, comparison.Row), Csv.Text(comparison.Baseline), ResultsCsv.Name(comparison.Grid), comparison.Region,
            ResultsCsv.Integer(seed.Seed), ResultsCsv.Integer(seed.Folds), ResultsCsv.Integer(seed.Cases),
            Csv.Number(seed.StudentMean), Csv.Number(seed.BaselineMean), Csv.Number(seed.Difference),
        ]);

    private static string Statistics(PooledResults results) => ResultsCsv.Table(
        $"{ResultsCsv.RunColumns},baseline,grid,region,folds,planned_folds,seeds,seeds_ahead,dice_mean,baseline_dice_mean,difference_mean,"
        + "difference_lower_over_seeds,difference_upper_over_seeds,confidence,"
        + "t_over_seeds,p_value_over_seeds,p_value_over_seeds_holm,seeds_share_cases,cases,difference_mean_over_cases,difference_lower_over_cases,"
        + "difference_upper_over_cases,"
        + "wilcoxon_smaller_rank_sum,wilcoxon_pairs_that_differ,p_value,p_value_is_exact,p_value_holm,tests_in_family,"
        + "rank_biserial_correlation,wins,ties,losses",
        from comparison in results.Comparisons
        select (string[])
        [
            .. Columns(results, comparison.Row), Csv.Text(comparison.Baseline), ResultsCsv.Name(comparison.Grid), comparison.Region,
            ResultsCsv.Integer(comparison.Folds), ResultsCsv.Integer(comparison.PlannedFolds),
            ResultsCsv.Integer(comparison.Seeds.Count), ResultsCsv.Integer(comparison.SeedsAhead),
            Csv.Number(comparison.StudentMean), Csv.Number(comparison.BaselineMean),
            Csv.Number(comparison.OverSeeds.Mean), Csv.Number(comparison.OverSeeds.Lower),
            Csv.Number(comparison.OverSeeds.Upper), Csv.Number(comparison.OverSeeds.Confidence),
            Csv.Number(comparison.OverSeeds.Statistic), Csv.Number(comparison.OverSeeds.PValue),
            Csv.Number(comparison.AdjustedPValueOverSeeds), results.SharesCases ? "true" : "false",
            ResultsCsv.Integer(comparison.Cases), Csv.Number(comparison.OverCases.Mean),
            Csv.Number(comparison.OverCases.Lower), Csv.Number(comparison.OverCases.Upper),
            Csv.Number(comparison.Test.Statistic), ResultsCsv.Integer(comparison.Test.Count),
            Csv.Number(comparison.Test.PValue), comparison.Test.IsExact ? "true" : "false",
            Csv.Number(comparison.AdjustedPValue), ResultsCsv.Integer(comparison.FamilySize), Csv.Number(comparison.Test.RankBiserialCorrelation),
            ResultsCsv.Integer(comparison.Wins), ResultsCsv.Integer(comparison.Ties), ResultsCsv.Integer(comparison.Losses),
        ]);

    private static string[] Columns(PooledResults results, string row) => ResultsCsv.Columns(results.Plan.First(run => run.Row == row));
}
