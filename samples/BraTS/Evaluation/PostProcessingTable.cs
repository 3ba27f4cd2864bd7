using System.Globalization;
using KnowledgeDistillation.Medical.Prediction;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Evaluation;

/// <summary>What the post-processing that was chosen does to the cases on which it was chosen.</summary>
internal static class PostProcessingTable
{
    public static Table Render(PostProcessingChoice choice)
    {
        var table = new Table
        {
            Title = new TableTitle($"Mean Dice % over {choice.Cases} validation case{(choice.Cases == 1 ? "" : "s")}, on the grid of the files"),
            Border = TableBorder.Rounded,
        };
        table.AddColumn("Region").AddColumn(new TableColumn("As segmented").RightAligned()).AddColumn(new TableColumn("Cleaned up").RightAligned());
        foreach (PostProcessingEffect effect in choice.Regions)
            table.AddRow(Markup.Escape(effect.Region), Text(effect.Before), Text(effect.After));
        return table;
    }

    private static string Text(double dice) => string.Create(CultureInfo.InvariantCulture, $"{100 * dice:0.00}");
}
