using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using TorchSharp;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>A training step of every system against one of KD-Net, on the same images; frozen teachers answer from their cache, as in a training.</summary>
internal static class MethodCases
{
    public const string Prefix = "method: ";

    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        .. SegmentationSystems.All.Where(system => system != SegmentationSystems.KDNet).Select(system =>
            new BenchmarkCase($"{Prefix}{system.Name}", system.Summary, Steps(system), Steps(SegmentationSystems.KDNet))
            {
                PlainName = SegmentationSystems.KDNet.Name,
                WarmUp = 2,
                Repetitions = 5,
            }),
    ];

    private static Workload Steps(SegmentationSystem system) => (gate, setting) =>
    {
        TorchRuntime.EnsureAvailable();
        ExperimentSettings settings = ExperimentSettings.Paper with
        {
            BaseWidth = setting.Width,
            // With more, DeMoSeg's bottleneck of 32³ voxels would be a single one, which no norm can normalize.
            Levels = 4,
            CropEdge = setting.Size,
            SubsamplingFactor = 1,
            BatchSize = setting.Batch,
            Training = ExperimentSettings.Paper.Training with { GradientSharesEvery = 0, RestoreBestWeights = false },
        };
        using IEncoderDecoder network = system.Recipe(settings, RandomCase.StudentModality).Build();
        using IEncoderDecoder? teacher = system.NeedsTeacher ? SegmentationSystems.Teacher.Recipe(settings, RandomCase.StudentModality).Build() : null;
        FrozenTeacher? frozen = teacher is null ? null : new FrozenTeacher(teacher, "teacher", new TeacherCacheOptions());
        if (frozen is not null)
            system.Couple?.Invoke(network, frozen);
        TrainingStage stage = system.Stages[^1];
        stage.Prepare?.Invoke(network);
        using IEncoderDecoder? learning = stage.LearningTeacher?.Invoke(settings, RandomCase.StudentModality).Build();
        using WeightedObjective objective = stage.Objective(
            ObjectiveInputs.Of(system, settings, RandomCase.StudentModality, teacher is null ? 0 : 1, torch.CPU)
                .For(network, teacher is null ? [] : [teacher]));
        using var item = new RandomCase(setting);
        TrainingOptions options = system.TrainingOptions(settings);
        gate.Computed = "a step";
        new GatedBatchSource(gate, () => OurTraining.MakeBatch(item)).Run(learning is null
            ? new Trainer(network, frozen is null ? [] : [frozen], settings.Data.Labels.Classes, objective, options)
            : new CoTrainingTrainer(network, new LearningTeacher(learning), settings.Data.Labels.Classes, objective, options));
    };
}
