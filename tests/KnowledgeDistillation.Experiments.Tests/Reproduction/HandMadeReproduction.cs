using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

/// <summary>Reproductions whose scores are given, not found.</summary>
internal static class HandMadeReproduction
{
    public const int Folds = 3;

    public static ReproductionState State(IReadOnlyList<PlannedRun> plan, IReadOnlyList<FinishedRun> finished) =>
        new(new ExperimentSettings { Seed = 7 }, "phantoms", plan, finished, []);

    /// <summary>What a single seed says.</summary>
    public static ReproductionResults Results(ReproductionState state) => ReproductionResults.Of([state], sharesCases: false);

    /// <summary>A run of each fold.</summary>
    public static PlannedRun[] Row(SegmentationSystem system, int? skipConnections, string modality = "t1ce") =>
    [
        .. Enumerable.Range(1, Folds).Select(fold => new PlannedRun
        {
            Row = $"{system.Name}-{skipConnections?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "all"}"
                + $"-skips{(modality == "t1ce" ? "" : "-" + modality)}",
            Title = system.Title,
            Objective = system.Summary,
            System = system,
            Settings = new ExperimentSettings { Fold = fold, SkipConnections = skipConnections },
            Modality = modality,
        }),
    ];

    public static FinishedRun Finish(this PlannedRun run, params CaseScore[] scores) =>
        new(run, run.Id, scores, [], new RunFacts(DateTimeOffset.UnixEpoch, 1, new Dictionary<string, string>(), new Dictionary<string, string>()));

    /// <summary>A run whose test cases, named by fold and number, have a Dice of so many tenths in a region.</summary>
    public static FinishedRun FinishWithTenths(this PlannedRun run, string region, params int[] tenths) =>
        run.Finish([.. tenths.Select((dice, i) => Score($"fold{run.Settings.Fold}-case{i + 1}", region, dice))]);

    /// <summary>The same scores under other names of the cases.</summary>
    public static FinishedRun WithCases(this FinishedRun run, params string[] names) =>
        run with { Scores = [.. run.Scores.Zip(names, (score, name) => score with { CaseId = name })] };

    /// <summary>Ten voxels each in reference and prediction, of which some overlap.</summary>
    public static CaseScore Score(string caseId, string region, int tenths, ScoringGrid grid = ScoringGrid.Training) =>
        Score(caseId, region, voxel => voxel < 10, voxel => voxel >= 10 - tenths && voxel < 20 - tenths, grid);

    public static CaseScore Score(string caseId, string region, Predicate<int> reference, Predicate<int> prediction, ScoringGrid grid = ScoringGrid.Training) =>
        new("network", caseId, "high", grid, RegionScores.Compare(region, Mask(prediction), Mask(reference)));

    private static VoxelMask Mask(Predicate<int> belongs) =>
        new([.. Enumerable.Range(0, 25).Select(voxel => belongs(voxel))], new(25, 1, 1), new Spacing(1, 1, 1));
}
