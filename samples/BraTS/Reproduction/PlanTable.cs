using System.Globalization;
using KnowledgeDistillation.Experiments;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Runs;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Reproduction;

/// <summary>A plan as a table: one line for each kind of run, one column for each fold, or for each seed where there are several.</summary>
internal static class PlanTable
{
    public static Table Render(ReproductionStudy study, IReadOnlyDictionary<string, TimeEstimate> times)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("Run").AddColumn("What").AddColumn("Objective");
        // A name is that of the column and of the row, for example "seed-1/fold-1/kd-net-4-skips".
        Func<PlannedRun, string> columnOf = study.Plan.DistinctBy(run => run.Settings.Seed).Count() > 1
            ? run => study.NameOf(run)[..^run.Id.Length]
            : run => run.Id[..^run.Row.Length];
        string[] columns = [.. study.Plan.Select(columnOf).Distinct()];
        foreach (string column in columns)
            table.AddColumn(new TableColumn(column).RightAligned());
        // What was not chosen is not planned.
        HashSet<string> chosen = [.. study.Chosen.Select(run => run.Row)];
        foreach (IGrouping<string, PlannedRun> row in study.Plan.Where(run => chosen.Contains(run.Row)).GroupBy(run => run.Row))
        {
            PlannedRun first = row.First();
            table.AddRow(
                [
                    Markup.Escape(row.Key),
                    Markup.Escape(first.LabelWithWeights),
                    Markup.Escape(first.Objective),
                    .. columns.Select(column => State([.. row.Where(run => columnOf(run) == column)])),
                ]);
        }

        return table;

        string State(PlannedRun[] runs)
        {
            int done = runs.Count(study.IsDone);
            if (done == runs.Length)
                return "done";
            PlannedRun[] open = [.. runs.Where(run => times.ContainsKey(study.NameOf(run)))];
            string[] parts =
            [
                .. done > 0 ? [string.Create(CultureInfo.InvariantCulture, $"{done} done")] : Array.Empty<string>(),
                .. open.Any(run => study.FailureOf(run) is not null) ? ["failed"] : Array.Empty<string>(),
                open.Length > 0 ? TrainingText.Time(TimeSpan.FromSeconds(open.Sum(run => times[study.NameOf(run)].Likely.TotalSeconds))) : "[dim]not here[/]",
            ];
            return string.Join(", ", parts);
        }
    }
}
