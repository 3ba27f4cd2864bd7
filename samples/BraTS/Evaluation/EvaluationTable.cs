using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Evaluation;

/// <summary>The mean scores of several networks.</summary>
internal static class EvaluationTable
{
    public static Table Render(IReadOnlyList<CaseScore> scores, int cases)
    {
        var table = new Table
        {
            Title = new TableTitle($"Mean ± standard deviation over {cases} case{(cases == 1 ? "" : "s")}"),
            Caption = new TableTitle("Dice: an empty region counts as 100 % if it is predicted empty, else 0 %; \"present\" leaves such cases out. "
                + "Volume ratio: predicted over reference volume, more than 1 where too much is marked. HD95: only cases in which both regions exist."),
            Border = TableBorder.Rounded,
        };
        table.AddColumn("Network").AddColumn("Grid").AddColumn("Region");
        foreach (string name in new[] { "Dice %", "Dice %, present", "Volume ratio", "Sensitivity %", "Specificity %", "HD95 mm" })
            table.AddColumn(new TableColumn(name).RightAligned());
        string previous = "";
        foreach (IGrouping<(string Network, ScoringGrid Grid, string Region), CaseScore> group in scores.GroupBy(
            score => (score.Network, score.Grid, score.Region.Region)))
        {
            (string network, ScoringGrid grid, string region) = group.Key;
            string first = $"{network} {grid}";
            table.AddRow(
                previous == first ? "" : Markup.Escape(network),
                previous == first ? "" : grid.ToString().ToLowerInvariant(),
                region,
                Text(group.Select(score => 100 * score.Region.Dice)),
                Text(group.Select(score => 100 * score.Region.DiceSkippingEmpty)),
                Text(group.Select(score => Finite(score.Region.VolumeRatio))),
                Text(group.Select(score => 100 * score.Region.Sensitivity)),
                Text(group.Select(score => 100 * score.Region.Specificity)),
                Text(group.Select(score => Finite(score.Region.HausdorffDistance95))));
            previous = first;
        }

        return table;
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : double.NaN;

    private static string Text(IEnumerable<double> values)
    {
        var summary = MeanAndDeviation.Of(values);
        return summary.Count switch
        {
            0 => "–",
            1 => string.Create(CultureInfo.InvariantCulture, $"{summary.Mean:0.00}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{summary.Mean:0.00} ± {summary.StandardDeviation:0.00}"),
        };
    }
}
