using System.Globalization;
using System.Text;
using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>The mean Dice of several networks as plain text.</summary>
public static class ComparisonTable
{
    /// <summary>One row per network, one column per region: mean ± standard deviation over the cases, in percent.</summary>
    /// <param name="scores">The scores of all networks on one grid.</param>
    /// <returns>Lines of equal width, the first of which names the columns.</returns>
    public static string Of(IReadOnlyList<CaseScore> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        string[] networks = [.. scores.Select(score => score.Network).Distinct()];
        string[] regions = [.. scores.Select(score => score.Region.Region).Distinct()];
        string[][] rows =
        [
            ["Dice in %", .. regions],
            .. networks.Select(network => (string[])[network, .. regions.Select(region => Cell(network, region))]),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        var text = new StringBuilder();
        foreach (string[] row in rows)
            text.AppendLine(string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))));
        return text.ToString();

        string Cell(string network, string region)
        {
            var dice = MeanAndDeviation.Of(
                scores.Where(score => score.Network == network && score.Region.Region == region).Select(score => 100 * score.Region.Dice));
            return dice.Count == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{dice.Mean:0.00} ± {dice.StandardDeviation:0.00}");
        }
    }
}
