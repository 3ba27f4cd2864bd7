using System.Diagnostics;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>Measures how long a training step of a run takes, on random images.</summary>
internal sealed class StepTiming : ITrainingCallback
{
    // The first step also sets up the memory.
    private const int Steps = 8, FewestSteps = 4;
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(4);

    private readonly CancellationTokenSource _enough;
    private readonly List<double> _ends = [];
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    private StepTiming(CancellationTokenSource enough) => _enough = enough;

    /// <summary>Takes a few steps of the last stage of a run's training.</summary>
    /// <param name="run">The run.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>The time of the fastest and of the slowest step.</returns>
    public static (TimeSpan Least, TimeSpan Most) Measure(PlannedRun run, Device device, CancellationToken cancellation)
    {
        ExperimentSettings settings = run.Settings;
        using IEncoderDecoder network = Build(run.System);
        using IEncoderDecoder? teacher = run.System.NeedsTeacher ? Build(SegmentationSystems.Teacher) : null;
        using Batch cases = Cases(settings);
        FrozenTeacher? frozen = teacher is null ? null : new FrozenTeacher(teacher);
        if (frozen is not null)
            run.System.Couple?.Invoke(network, frozen);
        TrainingStage stage = run.System.Stages[^1];
        using IEncoderDecoder? learning = stage.BuildTeacher(settings, run.Modality, device);
        WeightedObjective own = stage.Objective(
            ObjectiveInputs.Of(run.System, settings, run.Modality, teacher is null ? 0 : 1, device).For(network, teacher is null ? [] : [teacher]));
        using WeightedObjective objective = settings.DeepSupervision ? DeepSupervision.Add(own, network) : own;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var timing = new StepTiming(enough);
        try
        {
            TrainingOptions options = run.System.TrainingOptions(settings) with { Epochs = 1, RestoreBestWeights = false, Callbacks = [timing] };
            ITrainer trainer = TrainingStage.TrainerOf(
                network, frozen is null ? [] : [frozen], learning is null ? null : new LearningTeacher(learning), settings.Classes, objective, options);
            trainer.Fit(new InMemoryBatchSource(cases.Images, cases.Labels, settings.BatchSize), cancellationToken: enough.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // A step of this size says enough.
        }

        return (TimeSpan.FromSeconds(timing.Durations.Min()), TimeSpan.FromSeconds(timing.Durations.Max()));

        IEncoderDecoder Build(SegmentationSystem system)
        {
            IEncoderDecoder built = system.Recipe(settings, run.Modality).Build();
            built.Module.to(device);
            return built;
        }
    }

    public void StepEnded(TrainingProgress progress)
    {
        _ends.Add(_watch.Elapsed.TotalSeconds);
        // Fewer steps of a busy machine would give another answer each time.
        if (_watch.Elapsed > LongEnough && _ends.Count >= FewestSteps)
            _enough.Cancel();
    }

    private double[] Durations => _ends.Count == 1 ? [_ends[0]] : [.. _ends.Skip(1).Zip(_ends, (end, start) => end - start)];

    private static Batch Cases(ExperimentSettings settings)
    {
        int count = Steps * settings.BatchSize;
        long[] cube = [.. Enumerable.Repeat((long)settings.InputEdge, 3)];
        return new Batch(
            new ModalityImages(settings.Data.Modalities.Select(modality => KeyValuePair.Create(modality, randn([count, 1, .. cube])))),
            randint(settings.Classes.ClassCount, [count, .. cube], ScalarType.Int64),
            [.. Enumerable.Range(1, count).Select(number => $"case {number}")]);
    }
}
