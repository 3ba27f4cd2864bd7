using System.Globalization;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>Every option of a reproduction: those that all runs share, and those in which rows differ.</summary>
internal static class SettingsTables
{
    /// <summary>The tables.</summary>
    /// <param name="states">One for each seed, in their order.</param>
    /// <param name="rows">The rows of the report's tables.</param>
    public static IReadOnlyList<ReportBlock> Of(IReadOnlyList<ReproductionState> states, IReadOnlyList<ReproductionRow> rows) => Of(
        states[0], rows, TrainingText.List(states.Select(state => state.Settings.Seed.ToString(CultureInfo.InvariantCulture))));

    private static IReadOnlyList<ReportBlock> Of(ReproductionState state, IReadOnlyList<ReproductionRow> rows, string seeds) =>
    [
        new ReportBlock.Table(new ReportTable(
            "Options of all runs",
            [new("Option", IsText: true), new("Here", IsText: true), new("Paper's protocol", IsText: true)],
            [
                .. SettingsRows.Of(state.Settings).Zip(SettingsRows.Of(ExperimentSettings.Paper), (here, paper) => (ReportCell[])
                [
                    SettingsRows.InWords(here.Name),
                    here.Name == nameof(ExperimentSettings.Seed) ? seeds :
                    here.Name == nameof(ExperimentSettings.Fold) ? FormattableString.Invariant($"each of {state.Settings.Folds}") : here.Value,
                    new(
                        paper.Name.StartsWith("Phantom", StringComparison.Ordinal)
                            || paper.Name is nameof(ExperimentSettings.Seed) or nameof(ExperimentSettings.Fold)
                            ? ""
                            : paper.Value, ReportTone.Muted),
                ]),
            ])),
        new ReportBlock.Table(new ReportTable(
            "Options of each row",
            [
                new("Row", IsText: true), new("System", IsText: true), new("Loss", IsText: true), new("Weights", IsText: true), new("Sees", IsText: true),
                new("Teacher", IsText: true), "Learning rate", "Weight decay", new("Other than all", IsText: true),
            ],
            [
                .. rows.Select(row => (ReportCell[])
                [
                    row.Name,
                    row.System.Name,
                    row.Planned[0].Objective,
                    row.Weights,
                    row.Sees,
                    row.Planned[0].Teacher is { } teacher ? teacher[(teacher.IndexOf('/', StringComparison.Ordinal) + 1)..] : "",
                    (row.Settings.Training.LearningRate ?? row.System.LearningRate).ToString(CultureInfo.InvariantCulture),
                    row.System.WeightDecay.ToString(CultureInfo.InvariantCulture),
                    string.Join(", ",
                        SettingsRows.Of(row.Settings).Except(SettingsRows.Of(state.Settings)).Where(setting => setting.Name is not
                            (nameof(ExperimentSettings.Fold) or nameof(ExperimentSettings.Seed)))
                            .Select(setting => $"{SettingsRows.InWords(setting.Name)} {setting.Value}")),
                ]),
            ])),
    ];
}
