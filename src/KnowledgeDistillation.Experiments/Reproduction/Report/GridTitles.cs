using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>The grids of scores in words.</summary>
internal static class GridTitles
{
    /// <summary>For example "on the grid of the networks (64³ voxels)".</summary>
    public static string InWords(this ScoringGrid grid, ExperimentSettings settings) => grid == ScoringGrid.Training
        ? FormattableString.Invariant($"on the grid of the networks ({settings.CropEdge / settings.SubsamplingFactor}³ voxels)")
        : "in native space (the grid of the input files)";
}
