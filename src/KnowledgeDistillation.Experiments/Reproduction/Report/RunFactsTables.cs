using System.Globalization;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Runs;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>With what, on what, when and for how long the runs of a reproduction ran; what is equal is said once.</summary>
internal static class RunFactsTables
{
    public static IReadOnlyList<ReportBlock> Of(ReproductionState state)
    {
        // In the order of the plan, so that the page does not depend on which run was done first.
        FinishedRun[] runs = [.. state.Plan.SelectMany(planned => state.Finished.Where(run => run.Run.Id == planned.Id))];
        if (runs.Length == 0)
            return [new ReportBlock.Paragraph("No run is done yet.", ReportTone.Muted)];
        IGrouping<string, FinishedRun>[] circumstances = [.. runs.GroupBy(run => Key(run.Facts))];
        var blocks = new List<ReportBlock>();
        for (int i = 0; i < circumstances.Length; i++)
        {
            RunFacts facts = circumstances[i].First().Facts;
            int count = circumstances[i].Count();
            string caption = string.Create(
                CultureInfo.InvariantCulture, $"Circumstances {Letter(i)}: {(count == runs.Length ? $"all {count}" : $"{count} of {runs.Length}")} runs");
            blocks.Add(new ReportBlock.Table(new ReportTable(caption, [new("What", IsText: true), new("Which", IsText: true)],
                [.. facts.Versions.Concat(facts.Machine).Select(fact => (ReportCell[])[fact.Key, fact.Value])])));
        }

        blocks.Add(new ReportBlock.Table(new ReportTable(
            $"Time of each run; {Duration(runs.Sum(run => run.Facts.Seconds))} altogether",
            [new("Run", IsText: true), new("Circumstances", IsText: true), new("Done (UTC)", IsText: true), "Time", "Epochs", "Weights of epoch", "Test cases"],
            [
                .. runs.Select(run => (ReportCell[])
                [
                    run.Run.Id,
                    Letter(Array.FindIndex(circumstances, group => group.Key == Key(run.Facts))),
                    run.Facts.FinishedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
                    Duration(run.Facts.Seconds),
                    run.History.Count.ToString(CultureInfo.InvariantCulture),
                    run.History.LastOrDefault(report => report.IsBest) is { } best ? (best.Epoch + 1).ToString(CultureInfo.InvariantCulture) : "–",
                    run.Scores.Select(score => score.CaseId).Distinct().Count().ToString(CultureInfo.InvariantCulture),
                ]),
            ])));
        return blocks;
    }

    private static string Key(RunFacts facts) => string.Join('\n', facts.Versions.Concat(facts.Machine).Select(fact => $"{fact.Key}={fact.Value}"));

    // A to Z, then A2 to Z2, and so on.
    private static string Letter(int index) => string.Create(CultureInfo.InvariantCulture, $"{(char)('A' + (index % 26))}{(index < 26 ? "" : index / 26 + 1)}");

    private static string Duration(double seconds) => TrainingText.Time(TimeSpan.FromSeconds(seconds));
}
