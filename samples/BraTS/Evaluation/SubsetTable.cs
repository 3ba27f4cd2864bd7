using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Medical.BraTS;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Evaluation;

/// <summary>The mean Dice of one network for every subset of its modalities.</summary>
internal static class SubsetTable
{
    /// <summary>Renders the table.</summary>
    /// <param name="network">The title of the network.</param>
    /// <param name="modalities">The modalities that it can see.</param>
    /// <param name="scores">For each subset the scores.</param>
    public static Table Render(
        string network, IReadOnlyList<string> modalities, IReadOnlyList<(IReadOnlyList<string> Subset, IReadOnlyList<CaseScore> Scores)> scores)
    {
        var table = new Table
        {
            Title = new TableTitle(Markup.Escape($"{network}: mean Dice in % on the grid of training")),
            Caption = new TableTitle("An empty region counts as 100 % if it is predicted empty, else 0 %."),
            Border = TableBorder.Rounded,
        };
        foreach (string modality in modalities)
            table.AddColumn(new TableColumn(BraTSModality.Title(modality)).Centered());
        string[] regions = [.. scores.SelectMany(subset => subset.Scores).Select(score => score.Region.Region).Distinct()];
        foreach (string region in regions)
            table.AddColumn(new TableColumn(region).RightAligned());
        foreach ((IReadOnlyList<string> subset, IReadOnlyList<CaseScore> subsetScores) in scores)
        {
            table.AddRow(
            [
                .. modalities.Select(modality => subset.Contains(modality) ? "●" : "○"),
                .. regions.Select(region => FormattableString.Invariant($"{Dice(subsetScores, region):0.00}")),
            ]);
        }

        return table;
    }

    private static double Dice(IEnumerable<CaseScore> scores, string region) => MeanAndDeviation.Of(scores
        .Where(score => score.Grid == ScoringGrid.Training && score.Region.Region == region)
        .Select(score => 100 * score.Region.Dice)).Mean;
}
