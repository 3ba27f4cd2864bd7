using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Writes the output folder of a fit (<see cref="TrainingRun"/>) and reads it back to go on.
/// Folders are replaced as a whole, so a fit that dies at any moment leaves the old or the new one.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string StateName = "training.json";
    private const string OptimizerName = "optimizer.bin";
    private const string Format = "KnowledgeDistillation training state";
    private const int Version = 1;

    private readonly TrainingOptions _options;
    private readonly IEncoderDecoder _network;
    private readonly LabelScheme _labels;
    private readonly WeightedObjective _objective;
    private readonly ITrainingStep? _step;
    private readonly LearningTeacher? _learningTeacher;
    private readonly LearningLosses _losses;
    private readonly TrainingRun _run;
    private readonly FolderLock? _lock;

    // The options with which the fit began, where it is resumed.
    private JsonObject _former = [];

    private RunFolder(
        TrainingOptions options,
        IEncoderDecoder network,
        LabelScheme labels,
        WeightedObjective objective,
        ITrainingStep? step,
        LearningTeacher? learningTeacher,
        LearningLosses losses,
        TrainingRun run,
        FolderLock? folderLock)
    {
        (_options, _network, _labels, _objective, _step, _losses) = (options, network, labels, objective, step, losses);
        (_learningTeacher, _run, _lock) = (learningTeacher, run, folderLock);
    }

    public string BestPath => _run.BestFolder;

    public string LastPath => _run.LastFolder;

    /// <summary>
    /// Opens the folder of a fit, to write it or only to read it: of several processes that work on one fit the first writes, and the others open it later.
    /// </summary>
    /// <returns>Null where the options name no folder.</returns>
    public static RunFolder? Open(
        TrainingOptions options,
        IEncoderDecoder network,
        LabelScheme labels,
        WeightedObjective objective,
        ITrainingStep? step,
        LearningTeacher? learningTeacher,
        LearningLosses losses,
        bool isWriter)
    {
        if (options.OutputFolder is null)
            return null;
        var run = new TrainingRun(options.OutputFolder);
        if (!isWriter)
            return new RunFolder(options, network, labels, objective, step, learningTeacher, losses, run, folderLock: null);
        FolderLock folderLock = FolderLock.TryTake(run.Folder)
            ?? throw new InvalidOperationException($"Another fit is at work in the folder {run.Folder}: wait until it ends, or choose another folder.");
        if (!options.Resume && run.HasBegun)
        {
            folderLock.Dispose();
            throw new InvalidOperationException(
                $"The folder {run.Folder} already holds a run. Set Resume to go on with it, choose another OutputFolder, or delete it.");
        }

        return new RunFolder(options, network, labels, objective, step, learningTeacher, losses, run, folderLock);
    }

    public void Dispose() => _lock?.Dispose();

    /// <summary>
    /// Loads the last checkpoint into the network, the teacher that learns, the optimizer and the losses that learn, and puts right what a writer
    /// that was killed left behind.
    /// </summary>
    /// <returns>The epochs that are done; none where there is no checkpoint.</returns>
    public List<EpochReport> Resume(OptimizerHelper optimizer)
    {
        if (_run.Last is not string last)
            return [];

        string statePath = Path.Combine(last, StateName);
        JsonObject state = ModelFiles.ReadDescription(statePath, Format, Version);
        ModelFiles.ReadDescription(last);
        RequireSameOptions(statePath, state);
        string teacher = Path.Combine(last, TrainingRun.TeacherName);
        if (_learningTeacher is not null)
            ModelFiles.ReadDescription(teacher);
        List<EpochReport> history;
        try
        {
            history = JsonFile.Convert<List<EpochReport>>(state["history"], ModelFiles.Json);
        }
        catch (JsonException exception)
        {
            throw new CheckpointException(statePath, "it is damaged: the history cannot be read", exception);
        }

        if (!IsSound(history))
            throw new CheckpointException(statePath, "it is damaged: it holds no history of this fit");
        if (_options.RestoreBestWeights && _run.Best is null)
        {
            throw new CheckpointException(
                BestPath, "it is missing, so the best weights could not be restored: put it back, or set RestoreBestWeights to false");
        }

        ModelFiles.ReadWeights(last, _network.Module);
        if (_learningTeacher is not null)
            ModelFiles.ReadWeights(teacher, _learningTeacher.Network.Module);
        LoadOptimizer(Path.Combine(last, OptimizerName), optimizer);
        foreach ((string name, nn.Module module) in _losses.Modules)
            ModelFiles.ReadTensorsInto(Path.Combine(last, LossWeightsName(name)), module);
        foreach ((string name, OptimizerHelper lossOptimizer) in _losses.Optimizers)
            LoadOptimizer(Path.Combine(last, LossOptimizerName(name)), lossOptimizer);
        if (_lock is null)
            return history;
        _run.ClearLeftOvers();
        // It is written after the checkpoint, so it may lack the last epoch.
        _run.WriteHistory(history);
        return history;
    }

    public void Save(List<EpochReport> history, OptimizerHelper optimizer)
    {
        if (_lock is null)
            return;
        if (history[^1].IsBest)
            AtomicDirectory.Write(BestPath, WriteModel);
        AtomicDirectory.Write(LastPath, folder => WriteState(folder, history, optimizer));
        _run.WriteHistory(history);
    }

    public void LoadBestWeights()
    {
        if (_run.Best is string best)
        {
            ModelFiles.ReadDescription(best);
            ModelFiles.ReadWeights(best, _network.Module);
        }
    }

    private static string LossWeightsName(string name) => $"loss-{name}.safetensors";

    private static string LossOptimizerName(string name) => $"loss-{name}-optimizer.bin";

    private bool IsSound(List<EpochReport> history)
    {
        string[] names = [.. _objective.Terms.Select(term => term.Name)];
        return history.Count > 0 && history.All(epoch => Fits(epoch.Training) && (epoch.Validation is null || Fits(epoch.Validation))
            && (epoch.GradientShares is null || names.All(epoch.GradientShares.ContainsKey)));

        bool Fits(LossReport losses) => losses.Terms.Select(term => term.Name).SequenceEqual(names);
    }

    private void WriteModel(string folder) => ModelFiles.Write(folder, _network, _labels, _options.Metadata);

    private void WriteState(string folder, List<EpochReport> history, OptimizerHelper optimizer)
    {
        WriteModel(folder);
        if (_learningTeacher is not null)
        {
            DirectoryInfo teacher = Directory.CreateDirectory(Path.Combine(folder, TrainingRun.TeacherName));
            ModelFiles.Write(teacher.FullName, _learningTeacher.Network, _labels, _learningTeacher.Metadata);
        }

        List<string> files = [SaveOptimizer(Path.Combine(folder, OptimizerName), optimizer)];
        foreach ((string name, nn.Module module) in _losses.Modules)
        {
            string path = Path.Combine(folder, LossWeightsName(name));
            SafetensorsFile.Write(path, module.state_dict());
            files.Add(path);
        }

        foreach ((string name, OptimizerHelper lossOptimizer) in _losses.Optimizers)
            files.Add(SaveOptimizer(Path.Combine(folder, LossOptimizerName(name)), lossOptimizer));
        ModelFiles.WriteDescription(Path.Combine(folder, StateName), Format, Version, files, new JsonObject
        {
            ["options"] = Options(),
            // Every epoch seeds the generators from these two numbers, so they are the whole random state, on any device.
            ["randomState"] = new JsonObject { ["seed"] = _options.Seed, ["nextEpoch"] = history.Count },
            ["history"] = JsonSerializer.SerializeToNode(history, ModelFiles.Json),
        });
    }

    private static string SaveOptimizer(string path, OptimizerHelper optimizer)
    {
        AtomicFile.Write(path, stream =>
        {
            using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
            optimizer.save_state_dict(writer);
        });
        return path;
    }

    private static void LoadOptimizer(string path, OptimizerHelper optimizer)
    {
        try
        {
            using var reader = new BinaryReader(File.OpenRead(path));
            optimizer.load_state_dict(reader);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException(path, $"the optimizer's state does not fit ({exception.Message})", exception);
        }
    }

    // Options with which the fit began and which the fingerprint now lacks stay: earlier versions let a learning rate stand beside an optimizer
    // of the user's own, which did not use it.
    private JsonNode? Options()
    {
        SortedDictionary<string, string> options = Fingerprint();
        foreach ((string option, JsonNode? value) in _former)
            options.TryAdd(option, value?.ToString() ?? "");
        return JsonSerializer.SerializeToNode(options, ModelFiles.Json);
    }

    private SortedDictionary<string, string> Fingerprint() => FitFingerprint.Of(_options, _objective, _labels, _step, _learningTeacher);

    private void RequireSameOptions(string path, JsonObject state)
    {
        if (state["options"] is not JsonObject saved)
            throw new CheckpointException(path, "it is damaged: it does not say with which options it was trained");
        SortedDictionary<string, string> now = Fingerprint();
        string[] changed =
        [
            .. now.Keys.Concat([FitFingerprint.StepOption, FitFingerprint.LearningTeacherOption]).Concat(TrainingOptions.NotAlwaysKept).Distinct()
                .Where(option => Saved(option) != now.GetValueOrDefault(option, ""))
                .Select(option => $"{option} was {Shown(Saved(option))} and is now {Shown(now.GetValueOrDefault(option, ""))}"),
        ];
        if (changed.Length > 0)
            throw new CheckpointException(path, $"it belongs to a fit with other options, so going on would mix two experiments: {string.Join("; ", changed)}");
        _former = saved;

        // An option that did not exist yet when the fit began counts as not set.
        string Saved(string option) => saved[option]?.ToString() ?? "";

        static string Shown(string value) => value.Length > 0 ? value : "not set";
    }
}
