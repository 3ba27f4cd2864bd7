using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>Data for the tests of all systems, and a teacher for each data set, made when it is first asked for.</summary>
public sealed class SystemFixture : IDisposable
{
    // FLAIR shows the whole tumor. Of forty phantoms, the tumor of this one is the largest.
    private const string OverfitModality = BraTSModality.Flair;
    private const int OverfitEdge = 24, LargestTumor = 24;
    private static readonly ExperimentSettings OverfitSettings = new() { Levels = 3, CropEdge = OverfitEdge };
    private static readonly BraTSPhantomOptions ClearPhantom =
        new() { Seed = 1, Size = VolumeSize.Cube(OverfitEdge), NoiseLevel = 0.02, TumorContrast = 2, Distractors = 0 };

    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-systems-").FullName;
    private readonly Lazy<string> _phantoms;
    private readonly Dictionary<string, IEncoderDecoder> _overfitTeachers = [];

    public SystemFixture() => _phantoms = new Lazy<string>(() =>
    {
        Succeed(["phantom", "--out", In("phantoms"), "--cases", "4", "--size", "16"]);
        return In("phantoms");
    });

    /// <summary>Two epochs on two of four small phantoms.</summary>
    internal IReadOnlyList<string> PhantomSettings =>
    [
        "--data", _phantoms.Value, "--cache", In("cache"), "--crop", "16", "--subsample", "1", "--levels", "3",
        "--width", "4", "--epochs", "2", "--batch", "2", "--threads", "1", "--seed", "3",
    ];

    /// <summary>Eight epochs on the crop of a real patient, halved to 32³.</summary>
    internal IReadOnlyList<string> RealSettings =>
    [
        "--data", SharedData.Require("data", "BraTS2021_00006_crop64"), "--cache", In("real-cache"), "--folds", "1", "--crop", "64", "--subsample",
        "2", "--levels", "3", "--width", "4", "--epochs", "8", "--learning-rate", "1e-3", "--threads", "1",
    ];

    public void Dispose()
    {
        foreach (IEncoderDecoder teacher in _overfitTeachers.Values)
            teacher.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    internal string In(string name) => Path.Combine(_folder, name);

    /// <summary>The settings with a network.</summary>
    internal static ExperimentSettings With(ExperimentSettings settings, string kind) =>
        kind.Equals(NetworkNames.UNet, StringComparison.OrdinalIgnoreCase) ? settings : settings with { Network = kind };

    internal static int SpatialDimensions(string kind) => With(ExperimentSettings.Paper, kind).SpatialDimensions;

    /// <summary>The volumes as a network sees them: whole, or as slices.</summary>
    internal static IBatchSource Source(Batch volumes, string kind)
    {
        var whole = new InMemoryBatchSource(volumes.Images, volumes.Labels, batchSize: 1);
        return SpatialDimensions(kind) == 2 ? new SliceBatchSource(whole) : whole;
    }

    /// <summary>Trains a system by the command, and before it the teacher with the same settings if it needs one and there is none yet.</summary>
    internal void Train(string system, string kind, string folder, IReadOnlyList<string> settings)
    {
        string[] network = kind.Equals(NetworkNames.UNet, StringComparison.OrdinalIgnoreCase) ? [] : ["--network", kind];
        string[] teachers = [];
        if (SegmentationSystems.Of(system).NeedsTeacher)
        {
            string teacher = In($"teacher-{kind}-{string.Join('-', settings).GetHashCode(StringComparison.Ordinal):x}");
            if (!Directory.Exists(teacher))
                Succeed(["train", "--system", "teacher", "--out", teacher, .. settings, .. network]);
            teachers = ["--teacher", teacher];
        }

        Succeed(["train", "--system", system, "--out", folder, .. settings, .. network, .. teachers]);
    }

    /// <summary>A phantom as a batch of all modalities.</summary>
    internal static Batch Batch(int edge, int number) => MakeBatch(number, new BraTSPhantomOptions { Size = VolumeSize.Cube(edge) });

    /// <summary>A few dozen steps of a system on one phantom whose tumor shows clearly.</summary>
    internal IEncoderDecoder Overfit(SegmentationSystem system, string kind)
    {
        FrozenTeacher[] teachers = system.NeedsTeacher ? [new FrozenTeacher(OverfitTeacher(kind))] : [];
        manual_seed(1);
        (int width, double learningRate, int steps) = (system.Name, SpatialDimensions(kind)) switch
        {
            // Codes that are drawn at random need larger steps to get as far.
            ("u-hved", _) => (16, 2e-2, 50),
            // Four times the work of any other at the same width.
            ("disentangled", _) => (8, 2e-2, 50),
            // An instance norm of a slice without tumor blows up its noise, which large steps do not survive, so there are more of them.
            (_, 2) => (16, 5e-3, 80),
            _ => (16, 1e-2, 50),
        };
        IEncoderDecoder network = system.Recipe(With(OverfitSettings, kind) with { BaseWidth = width }, OverfitModality).Build();
        if (teachers.Length > 0)
            system.Couple?.Invoke(network, teachers[0]);
        using Batch batch = OverfitCase();
        foreach (TrainingStage stage in system.Stages)
        {
            stage.Prepare?.Invoke(network);
            WeightedObjective objective = stage.Objective(
                ObjectiveInputs.Of(system, With(ExperimentSettings.Paper, kind), OverfitModality, teachers.Length, CPU));
            // The last steps are small: what large ones come to hangs on the last bits of every sum.
            var schedule = new TorchSchedule(optimizer => optim.lr_scheduler.MultiStepLR(optimizer, [steps - 10], 0.2));
            var options = new TrainingOptions { Epochs = steps, LearningRate = learningRate, Schedule = schedule, Precision = Precision.Full };
            ITrainer trainer = teachers.Length == 0
                ? new SupervisedTrainer(network, BraTSRegions.Classes, options, objective)
                : new DistillationTrainer(network, teachers, BraTSRegions.Classes, objective, options);
            trainer.Fit(Source(batch, kind));
            ObjectiveModules.Dispose(objective);
        }

        return network;
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

    private static void Succeed(string[] arguments)
    {
        Kdnet run = Kdnet.Run(arguments);
        if (run.ExitCode != 0)
            throw new InvalidOperationException($"kdnet {string.Join(' ', arguments)} failed: {run.Error}");
    }
}
