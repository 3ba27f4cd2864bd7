using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Storage;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Demonstration;

/// <summary>The demo's result beside Table 1 of the paper.</summary>
internal static class DemoTable
{
    /// <summary>Dice of a network in a region in percent over the test cases.</summary>
    public static MeanAndDeviation Dice(IEnumerable<CaseScore> scores, SegmentationSystem system, string region, EmptyRegionConvention convention) =>
        MeanAndDeviation.Of(
            scores.Where(score => score.Network == system.Title && score.Region.Region == region).Select(score => 100 * score.Region.Overlap.Dice(convention)));

    public static Table Render(IReadOnlyList<CaseScore> scores, int testCases, bool withPaper)
    {
        var table = new Table { Title = new TableTitle($"Dice in %, mean ± standard deviation over {testCases} test cases"), Border = TableBorder.Rounded };
        table.AddColumn("");
        foreach (string region in Regions(scores))
        {
            table.AddColumn(new TableColumn(region.EscapeMarkup()).RightAligned());
            if (withPaper)
                table.AddColumn(new TableColumn($"[dim]{region} in the paper[/]").RightAligned());
        }

        foreach (SegmentationSystem system in DemoSystems.All)
        {
            table.AddRow([system.Title, .. Regions(scores).SelectMany(region => (string[])
            [
                Text(Dice(scores, system, region, EmptyRegionConvention.ScoreOne)),
                .. withPaper ? (string[])[$"[dim]{PaperFigures.Find(system.Name, skipConnections: 4).Text(region)}[/]"] : [],
            ])]);
        }

        return table;
    }

    /// <summary>The same as a file, under both conventions for regions that do not occur.</summary>
    public static void WriteCsv(string path, IReadOnlyList<CaseScore> scores, bool withPaper)
    {
        var table = new CsvTable("network", "region", "empty_regions", "dice_mean", "dice_standard_deviation", "cases", "cases_skipped", "paper");
        foreach (SegmentationSystem system in DemoSystems.All)
        {
            foreach (string region in Regions(scores))
            {
                foreach (EmptyRegionConvention convention in Enum.GetValues<EmptyRegionConvention>())
                {
                    MeanAndDeviation dice = Dice(scores, system, region, convention);
                    table.Add(
                        system.Title, region, convention == EmptyRegionConvention.Skip ? "skipped" : "1 if both are empty",
                        CsvTable.Number(dice.Mean, "0.##"), CsvTable.Number(dice.StandardDeviation, "0.##"),
                        CsvTable.Number(dice.Count), CsvTable.Number(dice.Skipped),
                        withPaper ? PaperFigures.Find(system.Name, skipConnections: 4).Text(region) : "");
                }
            }
        }

        table.Write(path);
    }

    private static string[] Regions(IEnumerable<CaseScore> scores) => [.. scores.Select(score => score.Region.Region).Distinct()];

    public static string Text(MeanAndDeviation percent) =>
        string.Create(CultureInfo.InvariantCulture, $"{percent.Mean:0.00} ± {percent.StandardDeviation:0.00}");
}
