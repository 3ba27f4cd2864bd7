using System.Globalization;
using System.Text;
using KnowledgeDistillation.Experiments.Runs;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>All scores as a table, one row a region of a case, with Dice under both conventions for empty regions.</summary>
public static class ScoresCsv
{
    /// <summary>Replaces the file, or makes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scores">The scores.</param>
    public static void Write(string path, IEnumerable<CaseScore> scores)
    {
        var text = new StringBuilder(
            "network,case,grade,grid,region,reference_voxels,predicted_voxels,dice,dice_empty_skipped,sensitivity,specificity,hd95_mm\n");
        foreach (CaseScore score in scores)
        {
            var region = score.Region;
            string[] row =
            [
                Csv.Text(score.Network), Csv.Text(score.CaseId), score.Grade.ToString().ToLowerInvariant(), score.Grid.ToString()
                    .ToLowerInvariant(), region.Region,
                Text(region.Overlap.ReferenceVoxels), Text(region.Overlap.PredictionVoxels),
                Text(region.Dice), Text(region.DiceSkippingEmpty), Text(region.Sensitivity), Text(region.Specificity), Text(region.HausdorffDistance95),
            ];
            text.AppendJoin(',', row).Append('\n');
        }

        OutputFile.Write(path, text.ToString());
    }

    // "nan" and "inf" are what spreadsheets, R and pandas read.
    private static string Text(double value) => double.IsNaN(value) ? "nan"
        : double.IsInfinity(value) ? "inf"
        : value.ToString("0.######", CultureInfo.InvariantCulture);
}
