using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>Trains one of the three networks of an experiment.</summary>
/// <param name="Settings">What is trained how.</param>
/// <param name="Role">Which of the three.</param>
/// <param name="Modality">The modality that baseline and student see.</param>
/// <param name="Folder">Where checkpoints and logs go.</param>
/// <param name="Teacher">The folder of the teacher's checkpoint, for the student.</param>
internal sealed record NetworkTraining(ExperimentSettings Settings, NetworkRole Role, string Modality, string Folder, string? Teacher)
{
    private const string Last = "last";

    /// <summary>Whether the folder holds a run that can go on.</summary>
    public bool HasBegun => FindLast() is not null;

    /// <summary>Trains, or goes on where a run in the folder stopped.</summary>
    /// <param name="split">The cases.</param>
    /// <param name="cached">The same cases, preprocessed, by name.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <exception cref="UsageException">The run in the folder has other settings.</exception>
    public TrainingResult Run(CaseSplit split, IReadOnlyDictionary<string, CachedCase> cached, Device device, Display display, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, string> metadata = RunMetadata.Write(Role, Settings, split, Teacher is null ? null : Path.GetFullPath(Teacher));
        RefuseOtherSettings(metadata);
        manual_seed(SeedMixer.Mix(Settings.Seed, (long)Role.Modalities(Modality).Count));
        using IEncoderDecoder network = Settings.Network(Role.Modalities(Modality)).Build();
        network.Module.to(device);
        using SegmentationModel? teacher = Teacher is null ? null : SegmentationModel.Load(Teacher, device);

        return display.ShowFit(Role.Title(), progress =>
        {
            TrainingOptions options = Settings.TrainingOptions() with
            {
                OutputFolder = Folder,
                Resume = HasBegun,
                Metadata = metadata,
                Callbacks = [progress, new TensorBoardLog(Path.Combine(Folder, "tensorboard"))],
                GradientSharesEvery = teacher is null ? 0 : Settings.GradientSharesEvery,
            };
            ITrainer trainer = teacher is null
                ? new SupervisedTrainer(network, BraTSRegions.Classes, options)
                : new DistillationTrainer(network, new FrozenTeacher(teacher.Network), BraTSRegions.Classes, options, Settings.Objective());
            IBatchSource? validation = split.Validation.Count == 0 ? null : Batches(split.Validation, cached, training: false);
            return trainer.Fit(Batches(split.Training, cached, training: true), validation, progress: null, cancellation);
        });
    }

    /// <summary>Refuses a teacher whose images were prepared otherwise, and warns of one that has seen the test cases.</summary>
    /// <exception cref="UsageException">The teacher does not fit.</exception>
    public void RefuseUnfitTeacher(CaseSplit split, Display display)
    {
        if (Teacher is null)
            return;
        using SegmentationModel teacher = SegmentationModel.Load(Teacher);
        IReadOnlyList<string> differences = RunMetadata.Differences(
            PreprocessingMetadata.Write(PreprocessingMetadata.Read(teacher.Metadata, BraTSModality.All)),
            PreprocessingMetadata.Write(Settings.Preprocessing(BraTSModality.All)));
        if (differences.Count > 0)
            throw new UsageException($"The images of the teacher '{Teacher}' were prepared otherwise: {string.Join("; ", differences)}. Give the options that it was trained with.");
        IReadOnlySet<string> seen = RunMetadata.CasesSeen(teacher.Metadata);
        int leaked = split.Test.Count(item => seen.Contains(item.Id));
        if (leaked > 0)
            display.Warn($"Warning: the teacher has learnt from {leaked} of the {split.Test.Count} test cases. Give the --seed, --folds and --fold that it was trained with.");
    }

    private BraTSBatchSource Batches(IReadOnlyList<BraTSCase> cases, IReadOnlyDictionary<string, CachedCase> cached, bool training) => new(
        [.. cases.Select(item => cached[item.Id])],
        new BraTSBatchOptions { BatchSize = Settings.BatchSize, Seed = Settings.Seed, Shuffle = training, Flip = training && Settings.Flip });

    private void RefuseOtherSettings(IReadOnlyDictionary<string, string> metadata)
    {
        if (FindLast() is not { } last)
            return;
        using SegmentationModel before = SegmentationModel.Load(last);
        List<string> differences = [.. RunMetadata.Differences(before.Metadata, metadata)];
        if (before.Network.Recipe is UNet3DOptions recipe && Describe(recipe) is var was && Describe(Settings.Network(Role.Modalities(Modality))) is var now && was != now)
            differences.Add($"the network was {was} and is now {now}");
        if (differences.Count > 0)
            throw new UsageException($"The run in '{Folder}' has other settings: {string.Join("; ", differences)}. Repeat its options to go on with it, or choose another --out.");
    }

    private static string Describe(UNet3DOptions network) =>
        $"width {network.BaseWidth}, {network.Levels} levels, {network.SkipConnections?.ToString() ?? "all"} skips, {string.Join("+", network.Modalities)}";

    // While a checkpoint is being replaced, the former one is there under this name for a moment.
    private string? FindLast() => new[] { Last, Last + ".old" }.Select(name => Path.Combine(Folder, name)).FirstOrDefault(Directory.Exists);
}
