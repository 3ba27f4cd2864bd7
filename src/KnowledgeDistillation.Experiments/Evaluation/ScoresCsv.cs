using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>All scores as a table, one row per region of a case, with Dice under both conventions for empty regions.</summary>
public static class ScoresCsv
{
    /// <summary>Replaces the file, or makes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scores">The scores.</param>
    public static void Write(string path, IEnumerable<CaseScore> scores)
    {
        var table = new CsvTable(
            "network", "case", "grade", "grid", "region", "reference_voxels", "predicted_voxels",
            "dice", "dice_empty_skipped", "sensitivity", "specificity", "hd95_mm");
        foreach (CaseScore score in scores)
        {
            var region = score.Region;
            table.Add(
                score.Network, score.CaseId, score.Group ?? CaseScore.UnknownGroup, score.Grid.ToString().ToLowerInvariant(), region.Region,
                CsvTable.Number(region.Overlap.ReferenceVoxels), CsvTable.Number(region.Overlap.PredictionVoxels),
                Text(region.Dice), Text(region.DiceSkippingEmpty), Text(region.Sensitivity), Text(region.Specificity), Text(region.HausdorffDistance95));
        }

        table.Write(path);
    }

    private static string Text(double value) => CsvTable.Number(value, "0.######");
}
