using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Trains one network of an experiment.</summary>
/// <param name="Settings">What is trained, and how.</param>
/// <param name="System">Which system.</param>
/// <param name="Modality">The modality that is at hand, for systems that see one.</param>
/// <param name="Folder">Where checkpoints and logs go.</param>
/// <param name="Teachers">
/// The folders of the teachers' checkpoints, for systems that need a teacher. A folder of the results of nnU-Net v2, with its plans.json, is one too, or that
/// of one of its folds: it teaches with the data set's modalities and classes, found by their names.
/// </param>
public sealed record NetworkTraining(ExperimentSettings Settings, SegmentationSystem System, string Modality, string Folder, IReadOnlyList<string> Teachers)
{
    /// <summary>What the checkpoints call the teachers, for people to find them. Default: their paths, seen from <see cref="Folder"/>.</summary>
    public IReadOnlyList<string> TeacherNames { get; init; } =
        [.. Teachers.Select(teacher => Path.GetRelativePath(Path.GetFullPath(Folder), Path.GetFullPath(teacher)))];

    /// <summary>A folder of MLflow in which each fit is logged as a run, beside TensorBoard's log; null for none. Default none.</summary>
    public string? MlflowFolder { get; init; }

    /// <summary>Whether the folder holds a run that can go on.</summary>
    public bool HasBegun => Stages.Any(stage => stage.HasBegun);

    /// <summary>The fits of which the training consists, in order.</summary>
    public IEnumerable<TrainingRun> Stages => System.Stages.Select(RunOf);

    /// <summary>Whether a path means a network that nnU-Net v2 has trained: the folder of its results, of one of its folds, or a checkpoint in it.</summary>
    /// <param name="path">The path.</param>
    /// <exception cref="CheckpointException">It has no trained fold, or several of which none is named.</exception>
    public static bool IsNnUNetTeacher(string path) => NnUNetTeacher.Find(path) is not null;

    // A baseline and its students see equally many modalities, and so begin with the same weights; other folds begin with others.
    private long WeightsSeed(int modalities)
    {
        long seed = SeedMixer.Mix(Settings.Seed, (long)modalities);
        return Settings.Fold == 1 || Settings.FoldsShareWeights ? seed : SeedMixer.Mix(seed, (long)Settings.Fold);
    }

    /// <summary>Trains, or goes on where a run in the folder stopped.</summary>
    /// <param name="split">The cases.</param>
    /// <param name="cached">The same cases, preprocessed, by name.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>The result of the last fit, whose checkpoint is the trained network.</returns>
    /// <exception cref="ExperimentException">The run in the folder has other settings.</exception>
    public TrainingResult Run(
        CaseSplit split,
        IReadOnlyDictionary<string, CachedCase> cached,
        Device device,
        IExperimentDisplay display,
        CancellationToken cancellation)
    {
        NetworkRecipe recipe = System.Recipe(Settings, Modality);
        var grids = TrainingGrids.Of([.. split.Training.Select(item => cached[item.Id].Geometry.NativeGrid)]);
        IReadOnlyDictionary<string, string> metadata = MetadataOf(
            System, [.. TeacherNames.Zip(Teachers, (name, teacher) => (name, ChecksumOf(teacher)))], Settings);
        RefuseOtherSettings(metadata, recipe);
        RandomNumbers.Seed(WeightsSeed(System.Modalities(Settings, Modality).Count));
        using IEncoderDecoder network = recipe.Build();
        network.Module.to(device);
        SegmentationModel[] teachers = [.. Teachers.Select(teacher => LoadTeacher(teacher, device))];
        try
        {
            FrozenTeacher[] frozen = [.. teachers.Select(
                (teacher, index) => new FrozenTeacher(teacher.Network, NameOf(index), CacheFor(teacher.Network)))];
            if (System.Couple is { } couple)
                couple(network, frozen[0]);
            TrainingResult? result = null;
            foreach (TrainingStage stage in System.Stages)
            {
                using IEncoderDecoder? learning = BuildTeacher(stage, device);
                // Deep supervision is of the student alone.
                LearningTeacher? learningTeacher = learning is null ? null : new(learning)
                {
                    Metadata = MetadataOf(SegmentationSystems.Teacher, [], Settings with { DeepSupervision = false }),
                };
                result = Fit(stage, network, frozen, learningTeacher, metadata, split, cached, device, display, cancellation);
            }

            return result!;
        }
        finally
        {
            foreach (SegmentationModel teacher in teachers)
                teacher.Dispose();
        }

        IReadOnlyDictionary<string, string> MetadataOf(
            SegmentationSystem system, IReadOnlyList<(string Hint, string Weights)> teachers, ExperimentSettings settings) => RunMetadata.Write(
            system, settings, split, teachers, grids, SourcesOf(split, cached),
            TrainingIntensities.Of(split.Training, system.Modalities(Settings, Modality), cancellation));
    }

    /// <summary>
    /// Refuses a teacher that does not fit the student or its images, before anything is prepared, and warns of a network that was not trained as a teacher
    /// or has seen the test cases.
    /// </summary>
    /// <exception cref="ExperimentException">The teacher does not fit.</exception>
    public void RefuseUnfitTeacher(CaseSplit split, IExperimentDisplay display)
    {
        ArgumentNullException.ThrowIfNull(split);
        ArgumentNullException.ThrowIfNull(display);
        foreach (string path in Teachers)
        {
            using SegmentationModel teacher = LoadTeacher(path);
            RefuseOtherDimensions(path, teacher.Network);
            RefuseOtherChannels(path, teacher.Labels);
            if (NnUNetTeacher.Find(path) is { } foreign)
            {
                foreign.RefuseOtherImages(Settings, split, System.TrainingModalities(Settings, Modality), display);
                continue;
            }

            IReadOnlyList<string> differences = RunMetadata.Differences(
                PreprocessingMetadata.Write(PreprocessingMetadata.Read(teacher.Metadata, teacher.Network.Modalities)),
                PreprocessingMetadata.Write(Settings.Preprocessing(teacher.Network.Modalities)));
            if (differences.Count > 0)
            {
                throw new ExperimentException($"The images of the teacher '{path}' were prepared in another way: {string.Join("; ", differences)}. "
                    + "Give the settings that it was trained with.");
            }

            if (teacher.Metadata.Count > 0 && RunMetadata.LabelsOf(teacher.Metadata) is var known
                && !known.ShortNames.SequenceEqual(Settings.Data.Labels.ShortNames, StringComparer.OrdinalIgnoreCase))
            {
                throw new ExperimentException($"The teacher '{path}' tells apart {string.Join(", ", known.ShortNames)}, but the references hold "
                    + $"{string.Join(", ", Settings.Data.Labels.ShortNames)}: give a teacher of the same classes, or say what labels mean.",
                    nameof(ExperimentSettings.Labels));
            }

            if (RunMetadata.SystemOf(teacher.Metadata) is { } trained && trained != SegmentationSystems.Teacher.Name)
            {
                display.Warn($"Warning: '{path}' was trained as {trained}, not as a teacher, so it has less to hand down. "
                    + $"Give a network that was trained as {SegmentationSystems.Teacher.Name}.");
            }

            Func<string, bool> seen = RunMetadata.CasesSeen(teacher.Metadata);
            int leaked = split.Test.Count(item => seen(item.Id));
            if (leaked > 0)
            {
                display.Warn($"Warning: the teacher has learned from {leaked} of the {split.Test.Count} test cases. "
                    + "Give the seed, the folds and the fold that it was trained with.");
            }
        }

        RefuseUnfitObjective();
    }

    /// <summary>
    /// The same training with the numbers by which CT images are normalized: those of a teacher of nnU-Net where it sees them, since it must see them as it
    /// learned, and else those of the training cases.
    /// </summary>
    /// <param name="split">The cases.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="ExperimentException">Two teachers normalize a modality with other numbers.</exception>
    /// <exception cref="CheckpointException">A teacher of nnU-Net cannot be read, or does not fit the data set.</exception>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public NetworkTraining WithStatistics(CaseSplit split, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(split);
        Dictionary<string, Normalization> taught = [];
        foreach ((string modality, Normalization normalization) in Teachers.Select(NnUNetTeacher.Find).OfType<NnUNetTeacher>()
            .SelectMany(teacher => teacher.Normalizations(Settings.Data)).Where(item => item.Value.Kind == NormalizationKind.Ct))
        {
            if (!taught.TryAdd(modality, normalization) && taught[modality] != normalization)
            {
                throw new ExperimentException(
                    $"The teachers normalize {modality} with other numbers ({taught[modality]} and {normalization}), so they cannot teach together: give one.");
            }
        }

        IReadOnlyList<string> modalities = System.TrainingModalities(Settings, Modality);
        ExperimentSettings measured = Settings.WithStatisticsOf(split.Training, [.. modalities.Except(taught.Keys)], cancellation);
        if (taught.Count == 0)
            return this with { Settings = measured };
        Dictionary<string, Normalization> statistics = new(measured.TrainingStatistics, StringComparer.Ordinal);
        foreach ((string name, Normalization normalization) in taught)
            statistics[name] = normalization;
        return this with { Settings = measured with { TrainingStatistics = statistics } };
    }

    private SegmentationModel LoadTeacher(string path, Device? device = null) =>
        NnUNetTeacher.Find(path)?.Load(Settings.Data, device) ?? SegmentationModel.Load(path, device);

    // A teacher is known by its weights, wherever it lies.
    private static string ChecksumOf(string path) =>
        NnUNetTeacher.Find(path) is { } foreign ? FileChecksums.Of(foreign.Checkpoint.File) : ModelFiles.WeightsChecksum(path);

    private void RefuseOtherDimensions(string path, IEncoderDecoder teacher)
    {
        if (teacher.SpatialDimensions != Settings.SpatialDimensions)
        {
            throw new ExperimentException($"The teacher '{path}' "
                + $"{(teacher.SpatialDimensions == 2 ? "sees slices, but the student volumes" : "sees volumes, but the student slices")}: "
                + "give both the same network.");
        }
    }

    private void RefuseOtherChannels(string path, LabelScheme labels)
    {
        // Two regions of one name may unite other classes.
        if (labels is OverlappingRegions learned && Settings.Classes is OverlappingRegions wanted
            && !learned.Regions.Select(Describe).SequenceEqual(wanted.Regions.Select(Describe)))
        {
            throw new ExperimentException(
                $"The teacher '{path}' has learned the regions {string.Join(", ", learned.Regions.Select(Describe))}, but the student is to learn "
                    + $"{string.Join(", ", wanted.Regions.Select(Describe))}: give both the same.",
                nameof(ExperimentSettings.RegionTraining));
        }

        bool regions = labels is OverlappingRegions;
        if (regions != Settings.RegionTraining)
        {
            throw new ExperimentException(
                $"The teacher '{path}' has learned {(regions
                    ? "regions, each by itself, but the student is to learn classes"
                    : "classes, but the student is to learn regions, each by itself")}: give both the same.",
                nameof(ExperimentSettings.RegionTraining));
        }
    }

    private static string Describe(Region region) => $"{region.Name} ({string.Join('+', region.Classes.Order())})";

    private void RefuseUnfitObjective()
    {
        // What has begun has shown that it fits.
        if (Teachers.Count == 0 || HasBegun)
            return;
        SegmentationModel[] teachers = [.. Teachers.Select(teacher => LoadTeacher(teacher))];
        try
        {
            PlainConvUNetOptions? foreign = teachers.Select(teacher => teacher.Network.Recipe).OfType<PlainConvUNetOptions>().FirstOrDefault();
            TeacherFit.Refuse(
                System, Settings, Modality, [.. teachers.Select(teacher => teacher.Network)], Settings.InputEdge,
                foreign is null ? "Give the settings that the teacher was trained with." : NnUNetTeacher.WayOut(foreign),
                foreign is null ? [] : [nameof(ExperimentSettings.BaseWidth), nameof(ExperimentSettings.Levels)]);
        }
        finally
        {
            foreach (SegmentationModel teacher in teachers)
                teacher.Dispose();
        }
    }

    private static string SourcesOf(CaseSplit split, IReadOnlyDictionary<string, CachedCase> cached)
    {
        IEnumerable<string> keys = split.Training.Concat(split.Validation).OrderBy(item => item.Id, StringComparer.Ordinal)
            .Select(item => cached[item.Id].SourceKey);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', keys))));
    }

    private string NameOf(int teacher) => TeacherFit.NameOf(teacher, Teachers.Count);

    // A case is flipped in eight ways at most, so a teacher has soon seen them all; every patch and every other change is new. Only the outputs of networks
    // whose encoder gives features alone can be kept.
    private TeacherCacheOptions? CacheFor(IEncoderDecoder teacher) =>
        teacher is UShapedNetwork or PlainConvUNet or BasicUNet && Settings is { Patches: null, Augmentation: null } ? new TeacherCacheOptions() : null;

    // It begins with the weights of a teacher that is trained alone.
    private IEncoderDecoder? BuildTeacher(TrainingStage stage, Device device)
    {
        if (stage.LearningTeacher is null)
            return null;
        RandomNumbers.Seed(WeightsSeed(SegmentationSystems.Teacher.Modalities(Settings, Modality).Count));
        return stage.BuildTeacher(Settings, Modality, device);
    }

    private TrainingResult Fit(
        TrainingStage stage,
        IEncoderDecoder network,
        FrozenTeacher[] teachers,
        LearningTeacher? learningTeacher,
        IReadOnlyDictionary<string, string> metadata,
        CaseSplit split,
        IReadOnlyDictionary<string, CachedCase> cached,
        Device device,
        IExperimentDisplay display,
        CancellationToken cancellation)
    {
        TrainingRun run = RunOf(stage);
        stage.Prepare?.Invoke(network);
        WeightedObjective own = stage.Objective(
            ObjectiveInputs.Of(System, Settings, Modality, teachers.Length, device).For(network, teachers.Select(teacher => teacher.Network)));
        using WeightedObjective objective = Settings.DeepSupervision ? DeepSupervision.Add(own, network) : own;
        using MlflowRun? mlflow = MlflowFolder is null ? null : new(
            MlflowFolder, string.Join(' ', new[] { System.Name, stage.Folder }.Where(part => part.Length > 0)), MlflowParameters());
        TrainingResult result = display.ShowFit(stage.Folder.Length == 0 ? System.Title : $"{System.Title}, {stage.Folder}", progress =>
        {
            TrainingOptions options = System.TrainingOptions(Settings) with
            {
                OutputFolder = run.Folder,
                Resume = run.HasBegun,
                Metadata = metadata,
                Callbacks =
                [
                    .. Settings.Training.Callbacks, progress, new TensorBoardLog(Path.Combine(run.Folder, "tensorboard")),
                    .. mlflow is null ? Array.Empty<ITrainingCallback>() : [mlflow],
                ],
                CaseValidation = Settings.Patches is null || split.Validation.Count == 0 ? null : WholeCases(split.Validation, cached),
                GradientSharesEvery = teachers.Length == 0 && learningTeacher is null ? 0 : Settings.Training.GradientSharesEvery,
            };
            ITrainer trainer = TrainingStage.TrainerOf(network, teachers, learningTeacher, Settings.Classes, objective, options);
            IBatchSource? validation = split.Validation.Count == 0 ? null : Batches(split.Validation, cached, training: false);
            return trainer.Fit(Batches(split.Training, cached, training: true), validation, progress: null, cancellation);
        });
        mlflow?.Finish(result.History);
        return result;
    }

    // Phantoms have settings of their own, which say nothing of a data set that is there already.
    private Dictionary<string, string> MlflowParameters() => new(
        ExperimentSetting.All.Where(setting => setting.Group != "phantoms")
            .Select(setting => KeyValuePair.Create(setting.OptionName, setting.Text(Settings, setting.LeftOpen))))
    {
        ["system"] = System.Name,
        ["seen modalities"] = string.Join(',', System.Modalities(Settings, Modality)),
    };

    private CaseValidation WholeCases(IReadOnlyList<MedicalCase> cases, IReadOnlyDictionary<string, CachedCase> cached) => new(
        new CaseBatchSource([.. cases.Select(item => cached[item.Id])], CaseBatchOptions.Evaluation),
        PatchMetadata.InferenceOf(Settings.Patches, Settings.SpatialDimensions) ?? new SliceInference(),
        Settings.ValidateEvery);

    private IBatchSource Batches(IReadOnlyList<MedicalCase> cases, IReadOnlyDictionary<string, CachedCase> cached, bool training)
    {
        var volumes = new CaseBatchSource(
            [.. cases.Select(item => cached[item.Id])],
            new CaseBatchOptions
            {
                BatchSize = Settings.BatchSize,
                Seed = Settings.Seed,
                Shuffle = training,
                Flip = training && Settings.Flip,
                Patches = Settings.Patches,
                Augmentation = training ? Settings.Augmentation : null,
            });
        return Settings.SpatialDimensions == 2 ? new SliceBatchSource(volumes) : volumes;
    }

    private void RefuseOtherSettings(IReadOnlyDictionary<string, string> metadata, NetworkRecipe recipe)
    {
        foreach (TrainingRun run in Stages.Where(stage => stage.HasBegun))
        {
            using SegmentationModel before = SegmentationModel.Load(run.LastFolder);
            List<string> differences = [.. RunMetadata.Differences(before.Metadata, metadata), .. Differences(before.Network.Recipe!, recipe)];
            if (differences.Count > 0)
            {
                throw new ExperimentException($"The run in '{Folder}' has other settings: {string.Join("; ", differences)}. "
                    + "Repeat its settings to go on with it, or choose another output folder.");
            }
        }
    }

    private static IEnumerable<string> Differences(NetworkRecipe before, NetworkRecipe now)
    {
        if (before.GetType() != now.GetType())
            return [$"the network was a {before.GetType().Name} and is now a {now.GetType().Name}"];
        JsonObject was = JsonSerializer.SerializeToNode(before, before.GetType())!.AsObject();
        JsonObject wanted = JsonSerializer.SerializeToNode(now, now.GetType())!.AsObject();
        return was.Where(option => !JsonNode.DeepEquals(option.Value, wanted[option.Key]))
            .Select(option =>
                $"{option.Key} of the network was {option.Value?.ToJsonString() ?? "not set"} and is now {wanted[option.Key]?.ToJsonString() ?? "not set"}");
    }

    private TrainingRun RunOf(TrainingStage stage) => new(Path.Combine(Folder, stage.Folder));
}
