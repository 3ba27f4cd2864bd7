using System.CommandLine;
using System.Diagnostics;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Demonstration;
using KnowledgeDistillation.Samples.BraTS.Output;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet demo`: everything from data to a table and a page with pictures.</summary>
internal sealed class DemoCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly Option<string?> _data = CommonOptions.Data("A data set to use in place of phantoms.");
    private readonly Option<string> _out = CommonOptions.Out("Where everything goes: data, checkpoints, logs, scores and the page.");
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;

    public DemoCommand(CommandServices services)
        : base("demo", "Shows everything on made-up patients: trains, scores and draws in a few minutes.",
            """
            Makes phantom patients, trains teacher, baseline and KD-Net student, scores all three on patients that none has seen, and shows the result beside the paper's.

            A demo that was stopped goes on when the same command is given again.
            With --data it does the same on real patients, cropped to 128³ and subsampled to 64³ unless told otherwise. The other settings stay small; closer to the paper: --epochs 500 --width 30 --levels 5 --batch 1 --learning-rate 1e-4 --patience 50 --temperature 5 --alpha 10.

            Examples:
              kdnet demo
              kdnet demo --seed 2 --out demo-seed-2
              kdnet demo --data BraTS2018 --out demo-brats --epochs 20
            """)
    {
        _services = services;
        _out.DefaultValueFactory = _ => "demo-output";
        Add(_data);
        Add(_out);
        _settings = new SettingsOptions(this, new ExperimentSettings());
        foreach (string group in new[] { "general", "phantoms", "images", "data", "modalities", "split" })
            _settings.AddGroup(group);
        _settings.AddGroup("network", except: nameof(ExperimentSettings.Network));
        _settings.AddGroup("training");
        _settings.AddGroup("distillation");
        _torch = new TorchOptions(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var watch = Stopwatch.StartNew();
        var device = _torch.Start(parsed, _services);
        string? data = parsed.GetValue(_data);
        ExperimentSettings settings = _settings.Read(parsed);
        if (!_settings.IsGiven(parsed, nameof(ExperimentSettings.CropEdge)))
            settings = settings with { CropEdge = data is null ? settings.PhantomEdge : ExperimentSettings.Paper.CropEdge };
        if (!_settings.IsGiven(parsed, nameof(ExperimentSettings.SubsamplingFactor)) && data is not null)
            settings = settings with { SubsamplingFactor = ExperimentSettings.Paper.SubsamplingFactor };
        var folder = new DemoFolder(parsed.GetValue(_out)!);
        Outputs.RequireFolder(folder.Path, _out.Name);
        Display display = _services.Display;
        try
        {
            new Demo(settings, data).Run(folder, device, display, _services.Cancellation);
        }
        catch (OperationCanceledException)
        {
            display.Warn($"To go on, give the same command again: {_services.CommandLine()}");
            throw;
        }

        display.Say();
        display.Say($"Done in {TrainingText.Time(watch.Elapsed)}. In {folder.Path}:");
        display.Say($"  {Path.GetFileName(folder.Report)}                 pictures, loss curves and all figures on one page: open it in a browser");
        display.Say($"  {Path.GetFileName(folder.Summary)}, {Path.GetFileName(folder.Scores)}     the figures as tables, "
            + "also without the cases that have no such region");
        display.Say("  teacher, baseline, kd-net   checkpoints (best, last), history.csv and TensorBoard logs of each network");
        return ExitCode.Done;
    }
}
