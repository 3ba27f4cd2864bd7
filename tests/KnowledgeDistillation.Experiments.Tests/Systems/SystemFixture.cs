using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Tests.Systems;

/// <summary>Data for the tests of all systems, and what several of them need trained, made when it is first asked for.</summary>
public sealed class SystemFixture : IDisposable
{
    /// <summary>The edge of the phantoms' volumes in voxels.</summary>
    internal const int Edge = 16;

    private const string Phantoms = "phantoms", Patient = "BraTS2021_00006_crop64";

    // FLAIR shows the whole tumor. Of sixty phantoms, the tumor of this one is the largest.
    private const string OverfitModality = BraTSModality.Flair;
    private const int LargestTumor = 24;
    private static readonly BraTSPhantomOptions ClearPhantom =
        new() { Seed = 1, Size = VolumeSize.Cube(Edge), NoiseLevel = 0.02, TumorContrast = 2, Distractors = 0 };

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, TrainingResult> _trained = [];
    private readonly Dictionary<string, IEncoderDecoder> _overfitTeachers = [];

    public void Dispose()
    {
        foreach (IEncoderDecoder teacher in _overfitTeachers.Values)
            teacher.Dispose();
        _folder.Dispose();
    }

    internal string In(string name) => _folder[name];

    // The settings of all tests, so that a change of the settings' API is a change in this place only.

    /// <summary>Small networks for volumes of 16³ voxels.</summary>
    internal static ExperimentSettings Small(string kind, int baseWidth = 4) => With(kind, new() { BaseWidth = baseWidth, Levels = 3, CropEdge = Edge });

    /// <summary>Two epochs on two of four small phantoms.</summary>
    internal static ExperimentSettings OnPhantoms(string kind) => With(
        kind,
        ExperimentSettings.Paper with
        {
            Seed = 3,
            CropEdge = Edge,
            SubsamplingFactor = 1,
            Levels = 3,
            BaseWidth = 4,
            BatchSize = 2,
            Training = ExperimentSettings.Paper.Training with { Epochs = 2 },
        });

    /// <summary>Eight epochs on the crop of a real patient, halved to 24³.</summary>
    internal static ExperimentSettings OnARealPatient(string kind) => With(
        kind,
        ExperimentSettings.Paper with
        {
            Folds = 1,
            CropEdge = 48,
            SubsamplingFactor = 2,
            Levels = 3,
            BaseWidth = 4,
            Training = ExperimentSettings.Paper.Training with { Epochs = 8, LearningRate = 1e-3 },
        });

    /// <summary>What an objective of a system is made from, with the weights of its source.</summary>
    internal static ObjectiveInputs Inputs(SegmentationSystem system, string kind, string modality, int baseWidth = 4) =>
        ObjectiveInputs.Of(system, Small(kind, baseWidth), modality, system.NeedsTeacher ? 1 : 0, CPU);

    /// <summary>The volumes as a network sees them: whole, or as slices.</summary>
    internal static IBatchSource Source(Batch volumes, string kind)
    {
        var whole = new InMemoryBatchSource(volumes.Images, volumes.Labels, batchSize: 1);
        return IsForSlices(kind) ? new SliceBatchSource(whole) : whole;
    }

    /// <summary>Trains a system on the small phantoms, as an experiment does.</summary>
    internal TrainingResult TrainOnPhantoms(string system, string kind, string folder)
    {
        string data = In(Phantoms);
        if (!Directory.Exists(data))
            new BraTSPhantom(new BraTSPhantomOptions { Size = VolumeSize.Cube(Edge) }).WriteDataset(data, 4);
        return Train(system, kind, folder, OnPhantoms(kind), data);
    }

    /// <summary>The same, trained once however often it is asked for.</summary>
    internal TrainingResult TrainedOnPhantoms(string system, string kind) =>
        Once($"{system}-{kind}-{Phantoms}", folder => TrainOnPhantoms(system, kind, folder));

    /// <summary>A system trained on a real patient, trained once however often it is asked for.</summary>
    internal TrainingResult TrainedOnARealPatient(string system, string kind) => Once(
        $"{system}-{kind}-{Patient}",
        folder => Train(system, kind, folder, OnARealPatient(kind), SharedData.Require("data", Patient)));

    /// <summary>A phantom as a batch of all modalities.</summary>
    internal static Batch Phantom(int number) => MakeBatch(number, new BraTSPhantomOptions { Size = VolumeSize.Cube(Edge) });

    /// <summary>A few dozen steps of a system on one phantom whose tumor shows clearly, or as few as it needs.</summary>
    internal IEncoderDecoder Overfit(SegmentationSystem system, string kind)
    {
        FrozenTeacher[] teachers = system.NeedsTeacher ? [new FrozenTeacher(OverfitTeacher(kind))] : [];
        manual_seed(1);
        (double learningRate, int steps) = (system.Name, IsForSlices(kind)) switch
        {
            // Four times the work of any other for each step.
            ("disentangled", _) => (2e-2, 40),
            // With as many and as large steps as the others it reaches a Dice of 0.7 only.
            ("consistency", _) => (2e-2, 100),
            // An instance norm of a slice without tumor amplifies its noise, and large steps then diverge.
            (_, true) => (5e-3, 80),
            _ => (1e-2, 80),
        };
        IEncoderDecoder network = system.Recipe(Small(kind, baseWidth: 8), OverfitModality).Build();
        if (teachers.Length > 0)
            system.Couple?.Invoke(network, teachers[0]);
        using Batch batch = OverfitCase();
        foreach (TrainingStage stage in system.Stages)
        {
            stage.Prepare?.Invoke(network);
            using IEncoderDecoder? learning = stage.BuildTeacher(Small(kind, baseWidth: 8), OverfitModality, CPU);
            using WeightedObjective objective = stage.Objective(
                Inputs(system, kind, OverfitModality, baseWidth: 8).For(network, teachers.Select(teacher => teacher.Network)));
            // The last steps are small, because the result of large ones depends on the last bits of every sum.
            var schedule = new TorchSchedule(optimizer => optim.lr_scheduler.MultiStepLR(optimizer, [steps * 3 / 4], 0.2));
            var options = new TrainingOptions { Epochs = steps, LearningRate = learningRate, Schedule = schedule, Precision = Precision.Full };
            using var found = new CancellationTokenSource();
            if (stage == system.Stages[^1])
                options = options with { Callbacks = [new UntilFound(found)] };
            ITrainer trainer = learning is not null
                ? new CoTrainingTrainer(network, new LearningTeacher(learning), BraTSRegions.Classes, objective, options)
                : teachers.Length == 0
                    ? new SupervisedTrainer(network, BraTSRegions.Classes, options, objective)
                    : new DistillationTrainer(network, teachers, BraTSRegions.Classes, objective, options);
            try
            {
                trainer.Fit(Source(batch, kind), cancellationToken: found.Token);
            }
            catch (OperationCanceledException) when (found.IsCancellationRequested)
            {
                // It has learned enough.
            }
        }

        return network;
    }

    // Ends a fit, now and then looked at, as soon as the tumor is found well: with more than what the tests ask for, since students learn from it.
    private sealed class UntilFound(CancellationTokenSource found) : ITrainingCallback
    {
        private const int LookEvery = 4;

        public void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network)
        {
            if (history.Count % LookEvery == 0 && WholeTumorDice(network) > 0.88)
                found.Cancel();
        }
    }

    /// <summary>How well a network segments that phantom.</summary>
    internal static double WholeTumorDice(IEncoderDecoder network)
    {
        using Batch batch = OverfitCase();
        using Tensor predicted = new SegmentationModel(network, BraTSRegions.Classes).Predict(batch.Images);
        using Tensor found = predicted.ne(0), reference = batch.Labels.ne(0), both = found.logical_and(reference);
        double Count(Tensor mask) => mask.sum().item<long>();
        return 2 * Count(both) / (Count(found) + Count(reference));
    }

    private static bool IsForSlices(string kind) => With(kind, ExperimentSettings.Paper).SpatialDimensions == 2;

    private static ExperimentSettings With(string kind, ExperimentSettings settings) =>
        kind == NetworkNames.UNet ? settings : settings with { Network = kind };

    private static TrainingResult Run(
        string system, string folder, ExperimentSettings settings, string data, string cache, IReadOnlyList<string> teachers)
    {
        var training = new NetworkTraining(settings, SegmentationSystems.Of(system), BraTSModality.T1ce, folder, teachers);
        IReadOnlyList<string> modalities = training.System.TrainingModalities(settings, training.Modality);
        var display = new SilentDisplay();
        CaseSplit split = CaseSplit.Of(Datasets.Open(data, modalities, skipFaulty: false, display), settings);
        IReadOnlyDictionary<string, CachedCase> cached =
            PreparedCases.Prepare([.. split.Training, .. split.Validation], settings.Preprocessing(modalities), cache, display, CancellationToken.None);
        return training.Run(split, cached, CPU, display, CancellationToken.None);
    }

    // Its teacher, if it needs one, is trained with the same settings and once.
    private TrainingResult Train(string system, string kind, string folder, ExperimentSettings settings, string data)
    {
        string[] teachers = [];
        if (SegmentationSystems.Of(system).NeedsTeacher)
        {
            string teacher = SegmentationSystems.Teacher.Name;
            teachers = [Once($"{teacher}-{kind}-{Path.GetFileName(data)}", own => Train(teacher, kind, own, settings, data)).BestCheckpoint!];
        }

        return Run(system, folder, settings, data, In("cache"), teachers);
    }

    private TrainingResult Once(string name, Func<string, TrainingResult> train)
    {
        if (!_trained.TryGetValue(name, out TrainingResult? result))
            _trained[name] = result = train(In(name));
        return result;
    }

    private IEncoderDecoder OverfitTeacher(string kind)
    {
        if (!_overfitTeachers.TryGetValue(kind, out IEncoderDecoder? teacher))
            _overfitTeachers[kind] = teacher = Overfit(SegmentationSystems.Teacher, kind);
        return teacher;
    }

    private static Batch OverfitCase() => MakeBatch(LargestTumor, ClearPhantom);

    private static Batch MakeBatch(int index, BraTSPhantomOptions options)
    {
        using var scope = NewDisposeScope();
        PreprocessedCase item = new Preprocessor(new PreprocessingOptions { CropSize = null, SubsamplingFactor = 1 })
            .Process("phantom", new BraTSPhantom(options).Create(index));
        (int x, int y, int z) = (item.Size.X, item.Size.Y, item.Size.Z);
        return new Batch(
            new ModalityImages(item.Images.Select(image => KeyValuePair.Create(image.Key, tensor(image.Value, [1, 1, z, y, x]).MoveToOuterDisposeScope()))),
            tensor(Array.ConvertAll(item.Classes!, label => (long)label), [1, z, y, x]).MoveToOuterDisposeScope(),
            [item.Id]);
    }
}
