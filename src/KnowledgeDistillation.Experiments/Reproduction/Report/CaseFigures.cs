using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>The best, the median and the worst case of a student by mean Dice, each with what the networks of its fold made of it.</summary>
internal sealed class CaseFigures(IReadOnlyList<ReproductionRow> rows, ReproductionRow student, ReproductionPictures pictures)
{
    /// <summary>Draws the cases; where a case or a checkpoint cannot be read, a sentence stands in its place.</summary>
    public IReadOnlyList<ReportBlock> Draw()
    {
        (string CaseId, FinishedRun Run, double Dice)[] ordered =
        [
            .. student.Finished
                .SelectMany(run => run.Scores.Where(score => score.Grid == ScoringGrid.Training).GroupBy(score => score.CaseId)
                    .Select(scores => (CaseId: scores.Key, Run: run, Dice: ComparisonFigure.MeanDice(scores))))
                .OrderByDescending(item => item.Dice)
                .ThenBy(item => item.CaseId, StringComparer.Ordinal),
        ];
        (string Rank, int Position)[] chosen = ordered.Length switch
        {
            0 => [],
            1 => [("The only case", 0)],
            2 => [("Best case", 0), ("Worst case", 1)],
            _ => [("Best case", 0), ("Median case", ordered.Length / 2), ("Worst case", ordered.Length - 1)],
        };
        return [.. chosen.SelectMany(choice => Draw(choice.Rank, ordered[choice.Position].CaseId, ordered[choice.Position].Run))];
    }

    private List<ReportBlock> Draw(string rank, string caseId, FinishedRun run)
    {
        string title = ComparisonFigure.TitleOf(rank, caseId, run.Scores.First(score => score.CaseId == caseId).Group)
            + string.Create(CultureInfo.InvariantCulture, $", fold {run.Run.Settings.Fold}");
        PreprocessedCase prepared;
        try
        {
            prepared = pictures.LoadCase(caseId, run.Run.Settings.Fold);
        }
        catch (Exception exception) when (IsUnreadable(exception))
        {
            return [new ReportBlock.Paragraph($"{title}: the case cannot be shown. {exception.Message}", ReportTone.Muted)];
        }

        var predictions = new List<(string, byte[])>();
        var missing = new List<ReportBlock>();
        foreach (FinishedRun network in new[] { Counterpart(SegmentationSystems.Baseline, run), run, Counterpart(SegmentationSystems.Teacher, run) }
            .OfType<FinishedRun>())
        {
            try
            {
                IEnumerable<CaseScore> scores = network.Scores.Where(score => score.Grid == ScoringGrid.Training && score.CaseId == caseId);
                predictions.Add((ComparisonFigure.CaptionOf(TitleOf(network), scores), pictures.Segment(network, prepared)));
            }
            catch (Exception exception) when (IsUnreadable(exception))
            {
                missing.Add(new ReportBlock.Paragraph($"{TitleOf(network)}: no prediction can be shown. {exception.Message}", ReportTone.Muted));
            }
        }

        return [new ReportBlock.Pictures(ComparisonFigure.Draw(title, prepared, run.Run.Modality, predictions)), .. missing];
    }

    private string TitleOf(FinishedRun run) => rows.First(row => row.Name == run.Run.Row).Title;

    // The network that was trained on the same fold in the same form.
    private FinishedRun? Counterpart(SegmentationSystem system, FinishedRun run) => rows
        .Where(row => row.System == system && row.Settings.Network == student.Settings.Network && row.SkipConnections == student.SkipConnections
            && (row.System.Inputs == SystemInputs.AllModalities || row.Modality == student.Modality))
        .SelectMany(row => row.Finished)
        .FirstOrDefault(other => other.Run.Settings.Fold == run.Run.Settings.Fold);

    // Pictures are not worth the loss of a report, which has taken hours or days.
    private static bool IsUnreadable(Exception exception) =>
        exception is IOException or InvalidDataException or UnauthorizedAccessException or CheckpointException or KeyNotFoundException;
}
