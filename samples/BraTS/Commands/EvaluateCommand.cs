using System.CommandLine;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical;
using TorchSharp;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>`kdnet evaluate`: scores trained networks.</summary>
internal sealed class EvaluateCommand : ExplainedCommand
{
    private const string Unseen = "unseen", All = "all";

    private readonly CommandServices _services;
    private readonly Option<string?> _data = CommonOptions.Data("The BraTS data set.");
    private readonly Option<string[]> _models = CommonOptions.Models("One or more trained networks: the --out of a training, or a checkpoint in it.");
    private readonly Option<string> _out = new("--out") { Description = "The file for the scores of each case.", HelpName = "file", DefaultValueFactory = _ => "scores.csv" };
    private readonly Option<string> _cases = new("--cases") { Description = "Which cases to score: those that none of the networks has learnt from, or all.", DefaultValueFactory = _ => Unseen };
    private readonly Option<bool> _skipFaulty = CommonOptions.SkipFaulty();
    private readonly TorchOptions _torch;

    public EvaluateCommand(CommandServices services)
        : base("evaluate", "Scores trained networks on cases that have a reference.",
            """
            Measures Dice, sensitivity, specificity and Hausdorff distance of enhancing tumour (ET), tumour core (TC) and whole tumour (WT).

            Scores are given on the grid on which the networks were trained, and on the grid of the files, to which the probabilities are up-sampled. Images are prepared as in training.

            Example:
              kdnet evaluate --data BraTS2018 --model runs/baseline runs/student --out scores.csv
            """)
    {
        _services = services;
        _data.Required = true;
        _cases.AcceptOnlyFromAmong(Unseen, All);
        Add(_data);
        Add(_models);
        Add(_out);
        Add(_cases);
        Add(_skipFaulty);
        _torch = new TorchOptions(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        torch.Device device = _torch.Start(parsed);
        Display display = _services.Display;
        string[] names = parsed.GetValue(_models)!;
        List<SegmentationModel> models = [];
        try
        {
            foreach (string name in names)
                models.Add(SegmentationModel.Load(ModelFolder.Find(name), device));
            BraTSDataset dataset = BraTSDataset.Open(parsed.GetValue(_data)!, new BraTSDatasetOptions
            {
                RequiredModalities = [.. models.SelectMany(model => model.Network.Modalities).Distinct()],
                FaultyCases = parsed.GetValue(_skipFaulty) ? FaultyCaseHandling.Skip : FaultyCaseHandling.Stop,
            });
            foreach (BraTSCaseFault fault in dataset.Faults)
                display.Warn($"Left out: {fault}");
            IReadOnlyList<BraTSCase> cases = Choose(dataset, models, parsed.GetValue(_cases) == All, display);
            CaseScore[] scores = [.. names.Zip(models).SelectMany(pair => Score(pair.First, pair.Second, cases))];
            string file = Path.GetFullPath(parsed.GetValue(_out)!);
            ScoresCsv.Write(file, scores);
            display.Show(EvaluationTable.Render(scores, cases.Count));
            display.Say($"The scores of each case are in {file}");
            return ExitCode.Done;
        }
        finally
        {
            models.ForEach(model => model.Dispose());
        }
    }

    private IReadOnlyList<CaseScore> Score(string name, SegmentationModel model, IReadOnlyList<BraTSCase> cases)
    {
        var preprocessor = new Preprocessor(PreprocessingMetadata.Read(model.Metadata, model.Network.Modalities));
        return ModelEvaluation.Score(name, model, [.. cases.Select(item => new EvaluationCase(item, () => preprocessor.Process(item)))], Enum.GetValues<ScoringGrid>(), _services.Display, _services.Cancellation);
    }

    private static IReadOnlyList<BraTSCase> Choose(BraTSDataset dataset, IEnumerable<SegmentationModel> models, bool all, Display display)
    {
        HashSet<string> seen = [.. models.SelectMany(model => RunMetadata.CasesSeen(model.Metadata))];
        BraTSCase[] unseen = [.. dataset.Cases.Where(item => !seen.Contains(item.Id))];
        int known = dataset.Cases.Count - unseen.Length;
        if (all)
        {
            if (known > 0)
                display.Warn($"Warning: the networks have learnt from {known} of the {dataset.Cases.Count} cases, so the scores say little about new patients.");
            return dataset.Cases;
        }

        if (unseen.Length == 0)
            throw new UsageException($"The networks have learnt from all {dataset.Cases.Count} cases; give other data, or --cases all to score them nevertheless.");
        if (known > 0)
            display.Say($"{unseen.Length} of {dataset.Cases.Count} cases are scored; the networks have learnt from the others.");
        return unseen;
    }
}
