using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>The scores of one region, of those cases that have one, for a model card.</summary>
/// <param name="Grid">Where prediction and reference were compared, as the file has it.</param>
/// <param name="Region">The region.</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Interval">The mean over the cases with its interval; null where no case has a finite value.</param>
/// <param name="Without">How many cases have none.</param>
internal sealed record CardScores(string Grid, string Region, string Metric, BootstrapInterval? Interval, int Without)
{
    private static readonly (string Column, string Name)[] Metrics = [("dice", "Dice"), ("sensitivity", "sensitivity"), ("hd95_mm", "HD95 in mm")];

    /// <summary>Reads a file of scores.</summary>
    /// <exception cref="ExperimentException">It is none, or of several networks.</exception>
    public static IReadOnlyList<CardScores> Read(string path)
    {
        try
        {
            var table = CsvTable.Read(path);
            int[] rows = [.. Enumerable.Range(0, table.Rows.Count)];
            string[] networks = [.. rows.Select(row => table[row, "network"]).Distinct()];
            if (networks.Length != 1)
            {
                throw new ExperimentException($"'{path}' holds scores of {networks.Length} networks{(networks.Length == 0 ? "" : ": ")}"
                    + $"{string.Join(", ", networks)}. Give the scores of the network alone that is to be handed over.");
            }

            return [.. rows.GroupBy(row => (Grid: table[row, "grid"], Region: table[row, "region"])).SelectMany(
                group => Metrics.Select(metric => Of(
                    group.Key.Grid, group.Key.Region, metric.Name, [.. group.Select(row => CsvTable.ParseNumber(table[row, metric.Column]))])))];
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException or KeyNotFoundException
            or ArgumentException)
        {
            throw new ExperimentException($"'{path}' holds no scores: {exception.Message}", exception);
        }
    }

    private static CardScores Of(string grid, string region, string metric, double[] values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        return new CardScores(grid, region, metric, finite.Length == 0 ? null : BootstrapInterval.OfMean(finite), values.Length - finite.Length);
    }
}
