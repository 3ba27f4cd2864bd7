using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>A plan as a table: one line for each kind of run, one column for each fold.</summary>
internal static class PlanTable
{
    public static Table Render(IReadOnlyList<PlannedRun> plan, IReadOnlyList<PlannedRun> own, IReadOnlyDictionary<string, double> seconds, ReproductionFolder folder)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("Run").AddColumn("What").AddColumn("Objective");
        int[] folds = [.. plan.Select(run => run.Settings.Fold).Distinct()];
        foreach (int fold in folds)
            table.AddColumn(new TableColumn($"fold-{fold}/").RightAligned());
        HashSet<string> mine = [.. own.Select(run => run.Id)];
        foreach (IGrouping<string, PlannedRun> row in plan.GroupBy(run => run.Row))
        {
            PlannedRun first = row.First();
            table.AddRow([Markup.Escape(row.Key), Markup.Escape(first.Title), Markup.Escape(first.Objective), .. row.Select(State)]);
        }

        return table;

        string State(PlannedRun run)
        {
            RunResults results = folder.Of(run.Id);
            return results.IsDone ? "done"
                : !mine.Contains(run.Id) ? "[dim]not here[/]"
                : $"{(results.Failure is null ? "" : "failed, ")}{TrainingText.Time(TimeSpan.FromSeconds(seconds[run.Id]))}";
        }
    }
}
