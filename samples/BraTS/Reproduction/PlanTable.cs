using System.Globalization;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Runs;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Reproduction;

/// <summary>A plan as a table: one line for each kind of run, one column for each fold, or for each seed where there are several.</summary>
internal static class PlanTable
{
    public static Table Render(ReproductionRunner reproduction, IReadOnlyDictionary<string, double> seconds)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("Run").AddColumn("What").AddColumn("Objective");
        bool seeds = reproduction.Parts.Count > 1;
        (string Name, Func<PlannedRun, bool> Holds)[] columns = seeds
            ? [.. reproduction.Parts.Select(part => ($"{part.Prefix}", (Func<PlannedRun, bool>)(run => run.Settings.Seed == part.Settings.Seed)))]
            : [.. reproduction.Plan.Select(run => run.Settings.Fold).Distinct()
                .Select(fold => (FormattableString.Invariant($"fold-{fold}/"), (Func<PlannedRun, bool>)(run => run.Settings.Fold == fold)))];
        foreach ((string name, _) in columns)
            table.AddColumn(new TableColumn(name).RightAligned());
        HashSet<string> mine = [.. reproduction.Own.Select(run => run.IdWithSeed)];
        foreach (IGrouping<string, PlannedRun> row in reproduction.Plan.GroupBy(run => run.Row))
        {
            PlannedRun first = row.First();
            table.AddRow(
                [
                    Markup.Escape(row.Key),
                    Markup.Escape(first.LabelWithWeights),
                    Markup.Escape(first.Objective),
                    .. columns.Select(column => State([.. row.Where(column.Holds)])),
                ]);
        }

        return table;

        string State(PlannedRun[] runs)
        {
            int done = runs.Count(run => reproduction.ResultsOf(run).IsDone);
            if (done == runs.Length)
                return "done";
            PlannedRun[] open = [.. runs.Where(run => !reproduction.ResultsOf(run).IsDone && mine.Contains(run.IdWithSeed))];
            string[] parts =
            [
                .. done > 0 ? [string.Create(CultureInfo.InvariantCulture, $"{done} done")] : Array.Empty<string>(),
                .. open.Any(run => reproduction.ResultsOf(run).Failure is not null) ? ["failed"] : Array.Empty<string>(),
                open.Length > 0 ? TrainingText.Time(TimeSpan.FromSeconds(open.Sum(run => seconds[run.IdWithSeed]))) : "[dim]not here[/]",
            ];
            return string.Join(", ", parts);
        }
    }
}
