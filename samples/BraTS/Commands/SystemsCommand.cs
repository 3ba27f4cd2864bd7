using System.Globalization;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet systems`: what can be trained.</summary>
internal sealed class SystemsCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;

    public SystemsCommand(CommandServices services)
        : base("systems", "Lists the systems that can be trained: what each is, where it comes from, what it sees, how large it is.",
            """
            Parameters are counted on the network as 'kdnet train' would build it; those of a teacher, of a critic and of adapters are not counted, because the trained network does not have them.

            Examples:
              kdnet systems
              kdnet systems --network multiresunet
              kdnet systems --width 8 --levels 4
            """)
    {
        _services = services;
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.Add(nameof(ExperimentSettings.Network));
        _settings.Add(nameof(ExperimentSettings.BaseWidth));
        _settings.Add(nameof(ExperimentSettings.Levels));
        _torch = new TorchOptions(this);
        SetAction(parsed =>
        {
            _torch.Start(parsed, _services);
            _services.Display.Show(Render(_settings.Read(parsed)));
            return ExitCode.Done;
        });
    }

    private static Table Render(ExperimentSettings settings)
    {
        var table = new Table
        {
            Border = TableBorder.Rounded,
            Caption = new TableTitle("Modalities that a system sees: in training, and in use. Published: parameters of the released weights or code."),
        };
        table.AddColumn("--system").AddColumn("What it is").AddColumn("Source").AddColumn("Training").AddColumn("Use")
            .AddColumn(new TableColumn("Parameters").RightAligned()).AddColumn(new TableColumn("Published").RightAligned());
        foreach (SegmentationSystem system in SegmentationSystems.All)
        {
            ExperimentSettings own = system.Network is null ? settings : settings with { Network = null };
            table.AddRow(
                system.Name,
                Markup.Escape(system.Summary),
                Markup.Escape(system.Source),
                system.TrainingModalities(ExperimentSettings.Paper, BraTSModality.T1ce).Count switch { 1 => "one", 2 => "two", _ => "all four" },
                system.Inputs.Describe(),
                CountParameters(system, own).ToString("N0", CultureInfo.InvariantCulture),
                Markup.Escape(system.PublishedParameters));
        }

        return table;
    }

    private static long CountParameters(SegmentationSystem system, ExperimentSettings settings)
    {
        using IEncoderDecoder network = system.Recipe(settings, BraTSModality.T1ce).Build();
        return network.Module.parameters().Sum(parameter => parameter.numel());
    }
}
