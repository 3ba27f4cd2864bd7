using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>A row of the report's tables: the runs of all folds and seeds that differ in nothing else.</summary>
/// <param name="Planned">Its runs, one per fold and seed, at least one.</param>
/// <param name="Finished">Those of them that are done.</param>
/// <param name="Failed">Those that ended in an error.</param>
internal sealed record ReproductionRow(IReadOnlyList<PlannedRun> Planned, IReadOnlyList<FinishedRun> Finished, IReadOnlyList<FailedRun> Failed)
{
    /// <summary>The rows in the order of the plan.</summary>
    /// <param name="states">One for each seed, in their order.</param>
    public static IReadOnlyList<ReproductionRow> Of(IReadOnlyList<ReproductionState> states)
    {
        ILookup<string, FinishedRun> finished = states.SelectMany(state => state.Finished.OrderBy(run => run.Run.Settings.Fold)).ToLookup(run => run.Run.Row);
        ILookup<string, FailedRun> failed = states.SelectMany(state => state.Failed.OrderBy(run => run.Run.Settings.Fold)).ToLookup(run => run.Run.Row);
        return
        [
            .. states.SelectMany(state => state.Plan.OrderBy(run => run.Settings.Fold)).GroupBy(run => run.Row)
                .Select(row => new ReproductionRow([.. row], [.. finished[row.Key]], [.. failed[row.Key]])),
        ];
    }

    public string Name => Planned[0].Row;

    public SegmentationSystem System => Planned[0].System;

    public ExperimentSettings Settings => Planned[0].Settings;

    public string Modality => Planned[0].Modality;

    /// <summary>How many skip connections its network has; null for networks with skip connections of their own.</summary>
    public int? SkipConnections => System.Network is null ? Settings.SkipConnections ?? Settings.AllSkipConnections : null;

    /// <summary>Whether its network has all skip connections that its depth allows, as the paper's with 4.</summary>
    public bool HasAllSkipConnections => SkipConnections is null || SkipConnections == Settings.AllSkipConnections;

    /// <summary>What its network sees in the test.</summary>
    public string Sees => System.Inputs != SystemInputs.AllModalities ? BraTSModality.Title(Modality)
        : Settings.Modalities.Count == BraTSModality.All.Count ? "all four"
        : FormattableString.Invariant($"all {Settings.Modalities.Count}");

    /// <summary>What it is, for example "KD-Net, tuned".</summary>
    public string Title => Planned[0].Label;

    /// <summary>Its name where rows of all kinds stand together, for example "KD-Net, tuned, 4 skips".</summary>
    public string Label => SkipConnections is { } skips ? FormattableString.Invariant($"{Title}, {skips} skips") : Title;

    /// <summary>For example "KD-Net, literal, 4 skips (λ 0.75, T 5, α 10, the paper's weights)".</summary>
    public string LabelWithWeights => Weights.Length > 0 ? $"{Label} ({Weights}{(HasWeightsOfSource ? ", the paper's weights" : "")})" : Label;

    /// <summary>The weights of its objective, for example "λ 0.75, T 5, α 10".</summary>
    public string Weights => Planned[0].Weights.InWords();

    /// <summary>
    /// Whether it is of the question: teacher, baseline or student of the network of all runs, with the modality of the settings at hand.
    /// </summary>
    /// <param name="settings">The settings that all runs share.</param>
    public bool IsOfTheQuestion(ExperimentSettings settings) => Settings.Network == settings.Network && HasAllSkipConnections
        && (System.Inputs == SystemInputs.AllModalities || Modality == settings.StudentModality);

    /// <summary>Its counterpart in the paper; null where there is none.</summary>
    public PaperFigures? Paper => Settings.Network is null or NetworkNames.UNet && PaperFigures.AreFor(Settings.Data)
        && (System.Inputs == SystemInputs.AllModalities || Modality == BraTSModality.T1ce)
        ? PaperFigures.Table1.Concat(PaperFigures.Table2).FirstOrDefault(row =>
            row.System == System.Name && (row.SkipConnections is null || (row.SkipConnections == 0 ? SkipConnections == 0 : HasAllSkipConnections)))
        : null;

    /// <summary>What is published of its system elsewhere; null where nothing is, or nothing that its network could stand beside.</summary>
    public PublishedScores? Published =>
        Modality == BraTSModality.T1ce && HasAllSkipConnections && PaperFigures.AreFor(Settings.Data) ? System.Published : null;

    /// <summary>Whether its weights are those of the system's source.</summary>
    public bool HasWeightsOfSource => Planned[0].Weights == System.Weights;

    /// <summary>The color of its boxes: that of baselines, students, teachers or others.</summary>
    public string Style => System.Name == SegmentationSystems.Baseline.Name
        ? "reference"
        : System.IsTaught ? "student" : System.Name == SegmentationSystems.Teacher.Name ? "teacher" : "other";

    /// <summary>For example "2 of 3".</summary>
    public string Progress => FormattableString.Invariant($"{Finished.Count} of {Planned.Count}");

    /// <summary>The scores of all test cases of all folds that are done.</summary>
    public IEnumerable<CaseScore> Scores(ScoringGrid grid, string region) =>
        Finished.SelectMany(run => run.Scores).Where(score => score.Grid == grid && score.Region.Region == region);
}
