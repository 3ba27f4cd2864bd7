using KnowledgeDistillation.Experiments.Evaluation;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>Which grids a report shows.</summary>
internal static class ReportedGrids
{
    /// <summary>What a report says in place of the tables that it leaves out.</summary>
    public const string SameOnBoth = "In native space all scores are the same, because the phantoms are neither cropped nor subsampled.";

    /// <summary>
    /// Whether the networks work on the very grid of the files, as they do on phantoms that are neither cropped nor subsampled:
    /// then the scores in native space are those on the grid of the networks.
    /// </summary>
    public static bool AreTheSame(ReproductionState state) =>
        state.IsOfPhantoms() && state.Settings.SubsamplingFactor == 1 && state.Settings.CropEdge == state.Settings.PhantomEdge;

    /// <summary>The grids on which something was scored, without native space where it would show the same.</summary>
    public static IReadOnlyList<ScoringGrid> Of(ReproductionState state) =>
    [
        .. Enum.GetValues<ScoringGrid>().Where(grid => state.Finished.Any(run => run.Scores.Any(score => score.Grid == grid)))
            .Where(grid => grid == ScoringGrid.Training || !AreTheSame(state)),
    ];
}
