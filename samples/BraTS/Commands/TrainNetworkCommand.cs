using System.CommandLine;
using KnowledgeDistillation.Medical;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>`kdnet train teacher`, `baseline` or `student`.</summary>
internal sealed class TrainNetworkCommand : Command
{
    private readonly CommandServices _services;
    private readonly NetworkRole _role;
    private readonly Option<string?> _data = CommonOptions.Data("The BraTS data set.");
    private readonly Option<string> _out = CommonOptions.Out("Where checkpoints (best, last), history.csv and TensorBoard logs go.");
    private readonly Option<string> _teacher = new("--teacher") { Description = "The trained teacher: its --out, or a checkpoint in it.", HelpName = "checkpoint", Required = true };
    private readonly Option<string> _modality = new("--modality") { Description = "The modality that the network sees.", DefaultValueFactory = _ => BraTSModality.T1ce };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on with the run in --out." };
    private readonly Option<string?> _cache = new("--cache") { Description = "Where prepared images are kept; give the same folder to several runs to prepare them once. [default: the folder cache in --out]", HelpName = "folder" };
    private readonly Option<bool> _skipFaulty = CommonOptions.SkipFaulty();
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;

    public TrainNetworkCommand(CommandServices services, NetworkRole role, string description)
        : base(role.FolderName(), description)
    {
        (_services, _role) = (services, role);
        _data.Required = true;
        _out.Required = true;
        _modality.AcceptOnlyFromAmong([.. BraTSModality.All]);
        Add(_data);
        Add(_out);
        if (role == NetworkRole.Student)
            Add(_teacher);
        if (role != NetworkRole.Teacher)
            Add(_modality);
        Add(_resume);
        Add(_cache);
        Add(_skipFaulty);
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.AddSeed();
        _settings.AddCrop();
        _settings.AddSubsampling();
        _settings.AddSplit();
        _settings.AddTraining();
        if (role == NetworkRole.Student)
            _settings.AddDistillation();
        _torch = new TorchOptions(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var device = _torch.Start(parsed);
        string folder = Path.GetFullPath(parsed.GetValue(_out)!);
        string modality = _role == NetworkRole.Teacher ? "" : parsed.GetValue(_modality)!;
        string? teacher = _role == NetworkRole.Student ? ModelFolder.Find(parsed.GetValue(_teacher)!) : null;
        var training = new NetworkTraining(_settings.Read(parsed), _role, modality, folder, teacher);
        training.Settings.ValidateTraining();
        if (training.HasBegun && !parsed.GetValue(_resume))
            throw new UsageException($"'{folder}' already holds a run: add --resume to go on with it, or choose another --out.");

        Display display = _services.Display;
        BraTSDataset dataset = OpenData(parsed, modality, display);
        CaseSplit split = CaseSplit.Of(dataset.Cases, training.Settings);
        training.RefuseUnfitTeacher(split, display);
        display.Say($"{split}.");
        try
        {
            var cached = PreparedCases.Prepare([.. split.Training, .. split.Validation], training.Settings.Preprocessing(_role.TrainingModalities(modality)), parsed.GetValue(_cache) ?? Path.Combine(folder, "cache"), display, _services.Cancellation);
            TrainingResult result = training.Run(split, cached, device, display, _services.Cancellation);
            display.Say($"The best of {result.History.Count} epochs was {result.Best.Epoch + 1}: {TrainingText.Epoch(result.Best)}.");
            display.Say($"The checkpoint is {result.BestCheckpoint}");
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            display.Warn($"To go on: {_services.CommandLine("--resume")}");
            throw;
        }
    }

    private BraTSDataset OpenData(ParseResult parsed, string modality, Display display)
    {
        BraTSDataset dataset = BraTSDataset.Open(parsed.GetValue(_data)!, new BraTSDatasetOptions
        {
            RequiredModalities = _role.TrainingModalities(modality),
            FaultyCases = parsed.GetValue(_skipFaulty) ? FaultyCaseHandling.Skip : FaultyCaseHandling.Stop,
        });
        foreach (BraTSCaseFault fault in dataset.Faults)
            display.Warn($"Left out: {fault}");
        return dataset;
    }
}
