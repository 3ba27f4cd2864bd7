using System.CommandLine;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Evaluation;
using KnowledgeDistillation.Samples.BraTS.Output;
using TorchSharp;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet evaluate`: scores trained networks.</summary>
internal sealed class EvaluateCommand : ExplainedCommand
{
    private const string Unseen = "unseen", All = "all";

    private readonly CommandServices _services;
    private readonly Option<string?> _data = CommonOptions.Data("The data set.");
    private readonly Option<string[]> _models = CommonOptions.Models("One or more trained networks: the --out of a training, or a checkpoint in it.");
    private readonly Option<string> _out =
        new("--out") { Description = "The file for the scores of each case.", HelpName = "file", DefaultValueFactory = _ => "scores.csv" };
    private readonly Option<string> _cases =
        new("--cases") { Description = "Which cases to score: those that none of the networks has learned from, or all.", DefaultValueFactory = _ => Unseen };
    private readonly Option<string[]> _modalities = new("--modalities")
    {
        Description = "Show networks that work with any modalities only these. [default: all that each can see]",
        HelpName = "modality",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<bool> _subsets = new("--subsets") { Description = "Score networks that work with any modalities on each subset of them." };
    private readonly Option<bool> _findPostProcessing = new("--find-postprocessing")
    {
        Description = "Choose on the validation cases of each network what to clean away from its segmentations, and store it in the checkpoint, "
            + "where predict finds it. Nothing is scored.",
    };
    private readonly Option<bool> _skipFaulty = CommonOptions.SkipFaulty();
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;

    public EvaluateCommand(CommandServices services)
        : base("evaluate", "Scores trained networks on cases that have a reference.",
            """
            Measures Dice, sensitivity, specificity and Hausdorff distance of the data set's regions, in BraTS enhancing tumor (ET), tumor core (TC) and whole tumor (WT).

            Scores are given on the grid on which the networks were trained, and on the grid of the files, to which the probabilities are up-sampled. Images are prepared as in training.

            Examples:
              kdnet evaluate --data BraTS2018 --model runs/baseline runs/kd-net --out scores.csv
              kdnet evaluate --data BraTS2018 --model runs/u-hved runs/u-hemis --modalities t1ce
              kdnet evaluate --data BraTS2018 --model runs/u-hved --subsets
              kdnet evaluate --data BraTS2018 --model runs/kd-net --find-postprocessing
            """)
    {
        _services = services;
        _data.Required = true;
        _cases.MustBeOneOf(Unseen, All);
        Add(_data);
        Add(_models);
        Add(_out);
        Add(_cases);
        _modalities.MustBeModalities();
        Add(_modalities);
        Add(_subsets);
        Add(_findPostProcessing);
        Add(_skipFaulty);
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.AddGroup("data");
        _torch = new TorchOptions(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        torch.Device device = _torch.Start(parsed, _services);
        Display display = _services.Display;
        string[] names = parsed.GetValue(_models)!;
        if (parsed.GetValue(_findPostProcessing))
            return FindPostProcessing(parsed, [.. names.Select(Checkpoints.Find)], device);
        string file = Path.GetFullPath(parsed.GetValue(_out)!);
        Outputs.RequireFile(file, _out.Name);
        List<SegmentationModel> models = [];
        try
        {
            foreach (string name in names)
                models.Add(SegmentationModel.Load(Checkpoints.Find(name), device));
            Dictionary<SegmentationModel, IReadOnlyList<string>> shown = models.ToDictionary(model => model, model => Shown(model, parsed));
            MedicalDataset dataset = Datasets.Open(
                parsed.GetValue(_data)!,
                [.. shown.Values.SelectMany(modalities => modalities).Distinct()],
                parsed.GetValue(_skipFaulty),
                display,
                _settings.Read(parsed),
                _services.Cancellation);
            models.ForEach(model => ModelEvaluation.RefuseOtherClasses(model, dataset.Labels));
            IReadOnlyList<MedicalCase> cases = Choose(dataset, models, parsed.GetValue(_cases) == All, display);
            bool subsets = parsed.GetValue(_subsets);
            List<CaseScore> scores = [];
            foreach ((string name, SegmentationModel model) in names.Zip(models))
            {
                scores.AddRange(subsets && !model.Network.NeedsAllModalities
                    ? ScoreSubsets(name, model, shown[model], cases, _settings.Read(parsed))
                    : Score(name, model, shown[model], cases, _settings.Read(parsed)));
            }

            if (!subsets || models.Exists(model => model.Network.NeedsAllModalities))
                display.Show(EvaluationTable.Render([.. scores.Where(score => !subsets || names.Contains(score.Network))], cases.Count));
            // Last, so that the scores are seen even where the disk is full by now.
            ScoresCsv.Write(file, scores);
            display.Say($"The scores of each case are in {file}");
            return ExitCode.Done;
        }
        finally
        {
            models.ForEach(model => model.Dispose());
        }
    }

    private int FindPostProcessing(ParseResult parsed, IReadOnlyList<string> models, torch.Device device)
    {
        foreach (Option option in new Option[] { _out, _cases, _modalities, _subsets }.Where(option => parsed.GetResult(option) is { Implicit: false }))
            throw new UsageException($"{_findPostProcessing.Name} chooses on the validation cases and scores nothing: leave out {option.Name}.");
        ExperimentSettings settings = _settings.Read(parsed);
        foreach (string model in models)
        {
            string[] modalities;
            using (SegmentationModel loaded = SegmentationModel.Load(model))
                modalities = [.. loaded.Network.Modalities];
            MedicalDataset dataset = Datasets.Open(
                parsed.GetValue(_data)!, modalities, parsed.GetValue(_skipFaulty), _services.Display, settings, _services.Cancellation);
            PreprocessingOptions given = settings.Preprocessing(modalities);
            PostProcessingChoice choice = PostProcessingTuning.Find(
                model,
                PostProcessingTuning.ValidationCases(model, dataset.Cases),
                new PredictionOptions { Background = given.Background, NaNIsZero = given.NaNIsZero },
                device,
                _services.Display,
                _services.Cancellation);
            PostProcessingTuning.Store(model, choice.Options);
            _services.Display.Show(PostProcessingTable.Render(choice));
            _services.Display.Say(choice.Options.IsNone
                ? $"Nothing that is cleaned away makes the {choice.Cases} validation cases better, so nothing is: '{model}' says so now."
                : $"Stored in '{model}' and done by predict from now on: {choice.Options}.");
        }

        return ExitCode.Done;
    }

    private IReadOnlyList<string> Shown(SegmentationModel model, ParseResult parsed)
    {
        string[] wanted = parsed.GetValue(_modalities) ?? [];
        if (wanted.Length == 0 || model.Network.NeedsAllModalities)
            return model.Network.Modalities;
        string[] shown = [.. model.Network.Modalities.Where(wanted.Contains)];
        return shown.Length > 0
            ? shown
            : throw new UsageException(
                $"A network sees {ModalitySubsets.Title(model.Network.Modalities)}, none of which is among --modalities {string.Join(' ', wanted)}.");
    }

    private IReadOnlyList<CaseScore> Score(
        string name, SegmentationModel model, IReadOnlyList<string> modalities, IReadOnlyList<MedicalCase> cases, ExperimentSettings settings)
    {
        PreprocessingOptions trained = PreprocessingMetadata.Read(model.Metadata, modalities), given = settings.Preprocessing(modalities);
        var preprocessor = new Preprocessor(
            trained with { Background = given.Background ?? trained.Background, NaNIsZero = given.NaNIsZero || trained.NaNIsZero });
        string title = modalities.Count == model.Network.Modalities.Count ? name : $"{name} ({ModalitySubsets.Title(modalities)})";
        var backgrounds = new List<(string Modality, string Case, float Border)>();
        IReadOnlyList<CaseScore> scores = ModelEvaluation.Score(
            title,
            model,
            [.. cases.Select(item => new EvaluationCase(item, () => Prepare(item)))],
            Enum.GetValues<ScoringGrid>(),
            _services.Display,
            _services.Cancellation);
        foreach (var others in backgrounds.GroupBy(image => image.Modality, image => (image.Case, image.Border)))
            _services.Display.Warn($"Warning: {BackgroundText.Of(others.Key, [.. others], cases.Count)}");
        return scores;

        PreprocessedCase Prepare(MedicalCase item)
        {
            PreprocessedCase prepared = preprocessor.Process(item);
            backgrounds.AddRange(prepared.Backgrounds.Select(image => (image.Key, item.Id, image.Value)));
            return prepared;
        }
    }

    private IEnumerable<CaseScore> ScoreSubsets(
        string name, SegmentationModel model, IReadOnlyList<string> modalities, IReadOnlyList<MedicalCase> cases, ExperimentSettings settings)
    {
        var scores = new List<(IReadOnlyList<string> Subset, IReadOnlyList<CaseScore> Scores)>();
        foreach (IReadOnlyList<string> subset in ModalitySubsets.Of(modalities))
            scores.Add((subset, Score(name, model, subset, cases, settings)));
        _services.Display.Show(SubsetTable.Render(name, modalities, scores));
        return scores.SelectMany(subset => subset.Scores);
    }

    private static IReadOnlyList<MedicalCase> Choose(MedicalDataset dataset, IEnumerable<SegmentationModel> models, bool all, Display display)
    {
        if (models.Any(model => !RunMetadata.KnowsCases(model.Metadata)))
            display.Warn("Warning: a network does not say which cases it has learned from, so that some of those scored may be among them.");
        Func<string, bool>[] seen = [.. models.Select(model => RunMetadata.CasesSeen(model.Metadata))];
        MedicalCase[] unseen = [.. dataset.Cases.Where(item => !Array.Exists(seen, hasSeen => hasSeen(item.Id)))];
        int known = dataset.Cases.Count - unseen.Length;
        if (all)
        {
            if (known > 0)
            {
                display.Warn(
                    $"Warning: the networks have learned from {known} of the {dataset.Cases.Count} cases, so the scores say little about new patients.");
            }

            return dataset.Cases;
        }

        if (unseen.Length == 0)
        {
            throw new UsageException(
                $"The networks have learned from all {dataset.Cases.Count} cases; give other data, or --cases all to score them nevertheless.");
        }

        if (known > 0)
            display.Say($"{unseen.Length} of {dataset.Cases.Count} cases are scored; the networks have learned from the others.");
        return unseen;
    }
}
