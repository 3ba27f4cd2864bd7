using System.CommandLine;
using KnowledgeDistillation.Experiments.Pairs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Output;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet study`: pairs of networks on phantoms, to tell whether KD-Net helps there.</summary>
internal sealed class StudyCommand : ExplainedCommand
{
    private static readonly PairedStudyOptions Defaults = new();

    private readonly CommandServices _services;
    private readonly Option<string> _out = CommonOptions.Out("Where everything goes: a folder for each pair, the tables and the report.");
    private readonly Option<int> _pairs = NumberOptions.Whole("--pairs", "Pairs of networks; may grow later.", least: 2, () => Defaults.Pairs);
    private readonly Option<int> _testCases =
        NumberOptions.Whole("--test-cases", "Phantoms on which all networks are scored.", least: 1, () => Defaults.TestCases);
    private readonly Option<int> _trainingCases =
        NumberOptions.Whole("--training-cases", "Phantoms from which the networks of a pair learn.", least: 1, () => Defaults.TrainingCases);
    private readonly Option<int> _validationCases =
        NumberOptions.Whole("--validation-cases", "Phantoms that choose the best epoch of a pair's networks.", least: 1, () => Defaults.ValidationCases);
    private readonly Option<double> _takeOver = NumberOptions.Positive(
        "--take-over", "Minutes without a sign of life after which a pair is taken over from another machine.", "minutes", standard: 5);
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;

    public StudyCommand(CommandServices services)
        : base("study", "Asks of phantoms whether KD-Net helps, with pairs of networks in a design that is fixed beforehand.",
            """
            Each pair has initial weights and training phantoms of its own: a teacher, a baseline, a KD-Net student with the paper's weights, one that compares with the soft targets by a squared Dice, and in every third pair the students GT + KL and GT + KD. All are scored on the same test phantoms.

            The question is KD-Net against the baseline in ET, TC and WT, by a t test over the pairs with Holm's correction over these three. Nothing is claimed before all pairs are done, nor before as many as follow from how much the first 12 vary (20 to 60). The test phantoms have the seed of --seed, pair n that seed plus n.

            Stop it at any moment and in any way: the same command goes on where it was. Given in several processes, or on several machines that share --out, they share the pairs.

            Examples:
              kdnet study --out study --pairs 60 --threads 1
              kdnet study --out trial --pairs 2 --seed 9000 --epochs 20 --test-cases 20
            """)
    {
        _services = services;
        _out.DefaultValueFactory = _ => "study";
        Add(_out);
        Add(_pairs);
        Add(_testCases);
        Add(_trainingCases);
        Add(_validationCases);
        Add(_takeOver);
        _settings = new SettingsOptions(this, PairedStudyOptions.DefaultSettings);
        _settings.Add(nameof(ExperimentSettings.Seed));
        _settings.AddGroup("phantoms", except: [nameof(ExperimentSettings.PhantomCases)]);
        _settings.AddGroup("network", except: [nameof(ExperimentSettings.Network), nameof(ExperimentSettings.SkipConnections)]);
        _settings.AddGroup("training");
        _settings.AddGroup("distillation", except: [nameof(ExperimentSettings.SoftTargetDice), nameof(ExperimentSettings.ReferenceLoss)]);
        _torch = new TorchOptions(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var device = _torch.Start(parsed, _services);
        Outputs.RequireFolder(parsed.GetValue(_out)!, _out.Name);
        ExperimentSettings settings = _settings.Read(parsed, PairedStudyOptions.DefaultSettings);
        var options = new PairedStudyOptions
        {
            // Phantoms are not larger than the part of them that is used.
            Settings = settings with { CropEdge = settings.PhantomEdge },
            Pairs = parsed.GetValue(_pairs),
            TestCases = parsed.GetValue(_testCases),
            TrainingCases = parsed.GetValue(_trainingCases),
            ValidationCases = parsed.GetValue(_validationCases),
            TakeOver = TimeSpan.FromMinutes(parsed.GetValue(_takeOver)),
        };
        Display display = _services.Display;
        var study = PairedStudy.Open(parsed.GetValue(_out)!, options, display);
        display.Say($"{study.Finished} of {options.Pairs} pairs are done.");
        try
        {
            PairedStudyOutcome outcome = study.Run(device, _services.Cancellation);
            display.Say($"{outcome.Finished} of {outcome.Planned} pairs are done. The report is {outcome.Report}");
            foreach ((string pair, string reason) in outcome.Failed)
                display.Warn($"Not done: {pair}: {reason}");
            return outcome.Failed.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            display.Warn($"To go on, give the same command again: {_services.CommandLine()}");
            throw;
        }
    }
}
