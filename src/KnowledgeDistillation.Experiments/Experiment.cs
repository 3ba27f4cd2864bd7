using System.Text.Json.Nodes;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments;

/// <summary>
/// Systems that are trained on one part of a data set and scored on another. Everything is in one folder: the prepared images in <c>cache</c>, phantoms in
/// <c>data</c>, the checkpoints, history and logs of each system in a folder of its name, and the settings, so that two experiments are never mixed up.
/// </summary>
/// <remarks>
/// What was stopped goes on when the same call is made again. Several processes train a system together where all make the same calls and the settings'
/// <see cref="ExperimentSettings.Training"/> has a <see cref="TrainingOptions.Collective"/>; each of them may score and report afterwards.
/// Not safe for use by several threads at once.
/// </remarks>
public sealed class Experiment
{
    private readonly IExperimentDisplay _display;
    private readonly Device _device;
    private readonly string _data;
    private IReadOnlyDictionary<string, CachedCase>? _prepared;

    private Experiment(
        string folder,
        ExperimentSettings settings,
        string modality,
        MedicalDataset dataset,
        string data,
        Device? device,
        IExperimentDisplay display)
    {
        (Folder, Settings, Modality, _data, _display, _device) = (Path.GetFullPath(folder), settings, modality, data, display, device ?? CPU);
        Dataset = dataset;
        Split = CaseSplit.Of(dataset, settings);
        Settings = settings.WithStatisticsOf(Split.Training, [.. settings.Modalities.Union([modality])]);
    }

    /// <summary>The folder that holds everything.</summary>
    public string Folder { get; }

    /// <summary>What is trained, and how.</summary>
    public ExperimentSettings Settings { get; }

    /// <summary>The modality that is at hand, for systems that see one.</summary>
    public string Modality { get; }

    /// <summary>The data set.</summary>
    public MedicalDataset Dataset { get; }

    /// <summary>Which cases train, which choose the best epoch, and which are scored.</summary>
    public CaseSplit Split { get; }

    /// <summary>The cases that are scored, preprocessed.</summary>
    public IReadOnlyList<CachedCase> TestCases(CancellationToken cancellation = default) => [.. Split.Test.Select(item => Prepared(cancellation)[item.Id])];

    /// <summary>An experiment on phantoms, made-up patients, which are made where they are not there yet.</summary>
    /// <param name="folder">The folder for everything. It may hold the same experiment already; what is done there is not done again.</param>
    /// <param name="settings">What is trained, and how; null for the defaults, which take minutes.</param>
    /// <param name="modality">The modality that is at hand, for systems that see one.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="display">Where progress is shown; null for nowhere.</param>
    /// <param name="cancellation">Stops between two phantoms.</param>
    /// <exception cref="ExperimentException">The folder holds something else, or the same with other settings, or a setting is out of range.</exception>
    public static Experiment OnPhantoms(
        string folder,
        ExperimentSettings? settings = null,
        string modality = BraTSModality.T1ce,
        Device? device = null,
        IExperimentDisplay? display = null,
        CancellationToken cancellation = default)
    {
        settings ??= new ExperimentSettings();
        display ??= new SilentDisplay();
        settings.ValidatePhantom();
        settings = Remember(folder, settings, "phantoms");
        return new Experiment(
            folder,
            settings,
            modality,
            new FitProcesses(settings.Training.Collective).FirstBeforeOthers(
                () => Datasets.OpenPhantoms(Path.Combine(folder, "data"), settings, display, cancellation)),
            "Phantom patients",
            device,
            display);
    }

    /// <summary>An experiment on a data set in any layout that <see cref="MedicalDataset"/> knows.</summary>
    /// <param name="folder">The folder for everything. It may hold the same experiment already; what is done there is not done again.</param>
    /// <param name="data">The folder of the data set.</param>
    /// <param name="settings">What is trained, and how; null for the paper's protocol.</param>
    /// <param name="modality">The modality that is at hand, for systems that see one; null for that of the settings.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="display">Where progress is shown; null for nowhere.</param>
    /// <exception cref="ExperimentException">The folder holds something else, or the same with other settings, or a setting is out of range.</exception>
    /// <exception cref="MedicalDatasetException">There are no cases, or one cannot be used.</exception>
    public static Experiment On(
        string folder,
        string data,
        ExperimentSettings? settings = null,
        string? modality = null,
        Device? device = null,
        IExperimentDisplay? display = null)
    {
        settings ??= ExperimentSettings.Paper;
        display ??= new SilentDisplay();
        settings = Datasets.Describe(data, settings);
        modality = modality is null ? settings.StudentModality : (settings with { Student = modality }).StudentModality;
        MedicalDataset dataset = Datasets.Open(data, [.. settings.Modalities.Union([modality])], skipFaulty: false, display, settings);
        settings = settings with { Data = dataset.Description };
        settings = Remember(folder, settings, NameOf(data));
        return new Experiment(
            folder,
            settings,
            modality,
            dataset,
            NameOf(data),
            device,
            display);
    }

    /// <summary>Trains a system, and before it the teacher that it needs; goes on with what was stopped, and does nothing where it is done.</summary>
    /// <param name="system">The name of the system, one of <see cref="SegmentationSystems.Names"/>.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>What happened in each epoch, and where the checkpoints are.</returns>
    /// <exception cref="ExperimentException">A setting is out of range, or does not fit the system.</exception>
    public TrainingResult Train(string system, CancellationToken cancellation = default)
    {
        SegmentationSystem trained = SegmentationSystems.Of(system);
        string[] teachers = trained.NeedsTeacher ? [BestOf(SegmentationSystems.Teacher.Name)] : [];
        trained.Validate(Settings, Modality, teachers.Length);
        if (trained.NeedsTeacher)
            Train(SegmentationSystems.Teacher.Name, cancellation);
        return new NetworkTraining(Settings, trained, Modality, FolderOf(system), teachers).Run(Split, Prepared(cancellation), _device, _display, cancellation);
    }

    /// <summary>
    /// Scores trained systems on the test cases, on the grid on which they were trained. Networks that work with any modalities see the one at hand.
    /// </summary>
    /// <param name="systems">The names of the systems.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="ExperimentException">There are no test cases.</exception>
    /// <exception cref="CheckpointException">A system is not trained.</exception>
    public IReadOnlyList<CaseScore> Score(IReadOnlyList<string> systems, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(systems);
        if (Split.Test.Count == 0)
            throw new ExperimentException("There are no test cases: ask for at least two folds.", nameof(ExperimentSettings.Folds));
        IReadOnlyDictionary<string, CachedCase> prepared = Prepared(cancellation);
        var scores = new List<CaseScore>();
        foreach (SegmentationSystem system in systems.Select(SegmentationSystems.Of))
        {
            using SegmentationModel model = Load(system.Name);
            EvaluationCase[] cases =
            [
                .. Split.Test.Select(item => new EvaluationCase(item, () => Seen(system, prepared[item.Id].Load()))),
            ];
            scores.AddRange(ModelEvaluation.Score(system.Title, model, cases, [ScoringGrid.Training], _display, cancellation));
        }

        return scores;
    }

    /// <summary>
    /// Writes all that was found out as one HTML page that needs no other file: the scores beside the paper's figures, slices of a hard, a typical and an
    /// easy case, the learning curves and the settings.
    /// </summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="scores">The scores that <see cref="Score"/> gave; the systems are those that they are of.</param>
    /// <param name="cancellation">Stops before the page is written.</param>
    /// <exception cref="ArgumentException">There are no scores.</exception>
    /// <exception cref="CheckpointException">A system is not trained.</exception>
    public void WriteReport(string path, IReadOnlyList<CaseScore> scores, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(scores);
        SegmentationSystem[] systems =
            [.. scores.Select(score => score.Network).Distinct().Select(title => SegmentationSystems.All.Single(system => system.Title == title))];
        if (systems.Length == 0)
            throw new ArgumentException("There are no scores to report: score at least one trained system.", nameof(scores));
        IReadOnlyDictionary<string, CachedCase> prepared = Prepared(cancellation);
        SegmentationModel[] models = [.. systems.Select(system => Load(system.Name))];
        try
        {
            new ExperimentReport
            {
                Settings = Settings,
                Cases = $"{_data}: {Split}.",
                Systems = systems,
                Scores = scores,
                Fits = [.. systems.SelectMany(FitsOf)],
                Figures = ComparisonFigure.Choose(
                    [.. Split.Test.Select(item => prepared[item.Id])],
                    scores,
                    [
                        .. systems.Zip(models,
                            (system, model) => (system.Title, (Func<PreprocessedCase, byte[]>)(item => ModelInference.Classes(model, Seen(system, item))))),
                    ],
                    Modality),
                Modality = Modality,
            }.Write(path);
        }
        finally
        {
            foreach (SegmentationModel model in models)
                model.Dispose();
        }

        IEnumerable<(string Title, IReadOnlyList<EpochReport> History)> FitsOf(SegmentationSystem system) => system.Stages.Select(stage => (
            stage.Folder.Length == 0 ? system.Title : $"{system.Title}, {stage.Folder}",
            new TrainingRun(Path.Combine(FolderOf(system.Name), stage.Folder)).ReadHistory()));
    }

    /// <summary>The best network of a trained system.</summary>
    /// <returns>The model, to be disposed by the caller.</returns>
    /// <exception cref="CheckpointException">The system is not trained.</exception>
    public SegmentationModel Load(string system) => SegmentationModel.Load(BestOf(system), _device);

    /// <summary>The folder of a system.</summary>
    public string FolderOf(string system) => Path.Combine(Folder, system);

    // A network that works with any modalities is shown the one that is at hand.
    private PreprocessedCase Seen(SegmentationSystem system, PreprocessedCase item) => system.Inputs == SystemInputs.AnyModalities ? item.Only(Modality) : item;

    private string BestOf(string system) => new TrainingRun(FolderOf(system)).BestFolder;

    private IReadOnlyDictionary<string, CachedCase> Prepared(CancellationToken cancellation) =>
        _prepared ??= PreparedCases.Prepare(
            Dataset.Cases,
            Settings.Preprocessing([.. Settings.Modalities.Union([Modality])]),
            Path.Combine(Folder, "cache"),
            _display,
            cancellation,
            Settings.Training.Collective);

    // Without the path, which is another on each machine, and says more about a computer than a folder of results should.
    private static string NameOf(string data) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(data)));

    private static ExperimentSettings Remember(string folder, ExperimentSettings settings, string data)
    {
        settings.ValidatePreprocessing();
        var remembered = new RememberedSettings(Path.Combine(Path.GetFullPath(folder), "experiment.json"), "an experiment");
        settings = remembered.AsBegun(settings);
        JsonObject now = RememberedSettings.Describe(settings);
        now["Data"] = data;
        remembered.Remember(now);
        return settings;
    }
}
