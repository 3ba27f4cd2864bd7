using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

/// <summary>A reproduction as large as a real one, with scores and losses that look like real ones but come from a seed, not from networks.</summary>
internal static class SyntheticReproduction
{
    private const int FirstSeed = 3, CasesInFold = 16, AllSkips = 3, Epochs = 40;

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>All runs done, in which the student of the full method is ahead in the enhancing tumor only.</summary>
    public static ReproductionState Complete() => Of(_ => true);

    /// <summary>Some of its runs done.</summary>
    public static ReproductionState Of(Predicate<PlannedRun> isDone, int seed = FirstSeed)
    {
        var settings = new ExperimentSettings
        {
            Seed = seed,
            Training = new() { Epochs = Epochs, LearningRate = 2e-3, Precision = Precision.Full, GradientSharesEvery = 5 },
            PhantomEdge = 48,
            CropEdge = 48,
            SubsamplingFactor = 2,
        };
        PlannedRun[] plan = [.. Enumerable.Range(1, settings.Folds).SelectMany(fold => Plan(settings with { Fold = fold }))];
        return new ReproductionState(settings, "phantoms", plan, [.. plan.Where(run => isDone(run)).Select(Finish)], []);
    }

    private static IEnumerable<PlannedRun> Plan(ExperimentSettings settings)
    {
        foreach ((SegmentationSystem system, string title, string objective) in new[]
        {
            (SegmentationSystems.Teacher, "Teacher", "GT"),
            (SegmentationSystems.Baseline, "Baseline", "GT"), (SegmentationSystems.Of("gt-kl"), "GT + KL", "GT + KL"),
            (SegmentationSystems.Of("gt-kd"), "GT + KD", "GT + KD"), (SegmentationSystems.KDNet, "KD-Net", "GT + KL + KD"),
        })
        {
            foreach (int skips in new[] { AllSkips, 0 })
            {
                yield return Run(system, title, objective, settings with { SkipConnections = skips }) with
                {
                    Weighting = system == SegmentationSystems.KDNet ? "tuned" : null,
                };
            }
        }

        yield return Run(
            SegmentationSystems.KDNet,
            "KD-Net",
            "GT + KL + KD",
            settings with { SkipConnections = AllSkips, Lambda = null, Temperature = null, Alpha = null }) with
        {
            Row = "kd-net-literal-3-skips",
            Weighting = "literal",
        };
        yield return Run(
            SegmentationSystems.Of("u-hved"),
            "U-HVED",
            "segmentation + reconstruction + divergence",
            settings with { Lambda = null, Temperature = null, Alpha = null });
        yield return Run(SegmentationSystems.Of("u-hemis"), "U-HeMIS", "segmentation", settings with { Lambda = null, Temperature = null, Alpha = null });
    }

    private static PlannedRun Run(SegmentationSystem system, string title, string objective, ExperimentSettings settings) => new()
    {
        Row = settings.SkipConnections is { } skips ? FormattableString.Invariant($"{system.Name}-{skips}-skips") : system.Name,
        Title = title,
        Objective = objective,
        System = system,
        Settings = settings,
        Modality = "t1ce",
        Teacher = system.NeedsTeacher ? FormattableString.Invariant($"fold-{settings.Fold}/teacher-{settings.SkipConnections}-skips") : null,
    };

    private static FinishedRun Finish(PlannedRun run)
    {
        int fold = run.Settings.Fold;
        var noise = new Random(run.Id.Sum(letter => letter) + (1000 * (run.Settings.Seed - FirstSeed)));
        var scores = new List<CaseScore>();
        for (int i = 0; i < CasesInFold; i++)
        {
            // How hard a case is, is the same for all networks.
            var hardness = new Random((100 * fold) + i + (1000 * (run.Settings.Seed - FirstSeed)));
            foreach ((Region region, int place) in BraTSRegions.All.Select((region, place) => (region, place)))
            {
                double dice = Level(run, place) - (0.25 * Math.Pow(hardness.NextDouble(), 3)) + (0.03 * (noise.NextDouble() - 0.5));
                bool absent = place == 0 && i == 5;
                foreach (ScoringGrid grid in Enum.GetValues<ScoringGrid>())
                {
                    int shift = (int)Math.Round(200 * (1 - Math.Clamp(dice - (grid == ScoringGrid.Native ? 0.015 : 0), 0, 1)));
                    scores.Add(
                        new CaseScore(run.Title, FormattableString.Invariant($"Phantom_{fold}_{i + 1:00}"), i % 4 == 0 ? "low" : "high", grid,
                            RegionScores.Compare(
                                region.Name,
                                Mask(voxel => !(absent && (noise.Next(2) == 0 || voxel > 3)) && voxel >= shift && voxel < 200 + shift && !absent),
                                Mask(voxel => !absent && voxel < 200))));
                }
            }
        }

        var facts = new RunFacts(
            Start.AddMinutes(7 * noise.NextDouble() * 60),
            200 + (300 * noise.NextDouble()),
            new Dictionary<string, string>
            {
                ["kdnet"] = fold == 3 ? "0.1.0, revision 89abcdef" : "0.1.0, revision 01234567",
                [".NET"] = "10.0.0",
                ["TorchSharp"] = "0.107.0",
                ["libtorch"] = "2.10.0",
            },
            new Dictionary<string, string>
            {
                ["operating system"] = "Linux 6.1 x64",
                ["processor"] = "Generic 2 cores",
                ["threads"] = "2",
                ["device"] = "cpu",
            });
        return new FinishedRun(run, $"/nowhere/{run.Id}", scores, History(run, noise), facts);
    }

    private static double Level(PlannedRun run, int place)
    {
        double[] level = run.System.Name switch
        {
            "teacher" => [0.80, 0.90, 0.94],
            "u-hved" => [0.70, 0.78, 0.80],
            "u-hemis" => [0.66, 0.74, 0.78],
            "baseline" => [0.74, 0.86, 0.86],
            _ => [0.765, 0.865, 0.857],
        };
        if (run.Row.Contains("literal", StringComparison.Ordinal))
            level = [0.72, 0.84, 0.83];
        return level[place] - (run.Settings.SkipConnections == 0 ? 0.2 : 0);
    }

    private static List<EpochReport> History(PlannedRun run, Random noise)
    {
        string[] terms = run.System.Name switch
        {
            "gt-kl" => ["GT", "KL"],
            "gt-kd" => ["KD", "GT"],
            "kd-net" => ["KD", "GT", "KL"],
            "u-hved" => ["segmentation", "reconstruction", "divergence"],
            "u-hemis" => ["segmentation"],
            _ => ["GT"],
        };
        double best = double.PositiveInfinity;
        var history = new List<EpochReport>();
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            double progress = 0.3 + (1.2 * Math.Exp(-epoch / 9.0));
            LossReport training = Losses(progress), validation = Losses((progress * 1.05) + (0.0004 * epoch));
            history.Add(new EpochReport(epoch, 2e-3, training, validation, validation.Total < best, 1.5, null));
            best = Math.Min(best, validation.Total);
        }

        return history;

        LossReport Losses(double level)
        {
            TermValue[] values =
            [
                .. terms.Select(
                    (name, i) => new TermValue(name, name == "KL" ? 0.1 : i == 0 ? 0.75 : 0.25, level * (1 + i) * (1 + (0.08 * (noise.NextDouble() - 0.5))))),
            ];
            return new LossReport(values.Sum(value => value.Weighted), values);
        }
    }

    private static VoxelMask Mask(Predicate<int> belongs) =>
        new([.. Enumerable.Range(0, 420).Select(voxel => belongs(voxel))], new(420, 1, 1), Spacing.OneMillimeter);
}
