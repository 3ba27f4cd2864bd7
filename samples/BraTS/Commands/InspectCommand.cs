using System.CommandLine;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Inspection;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet inspect`: what a folder holds.</summary>
internal sealed class InspectCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly Argument<string> _folder = new("folder") { Description = "A BraTS data set, or the folder of one case." };
    private readonly SettingsOptions _settings;

    public InspectCommand(CommandServices services)
        : base("inspect", "Tells what a data set holds and whether it can be used.",
            """
            Knows the layouts of BraTS 2017 to 2023 and later, and Task01 of the Medical Segmentation Decathlon. Names each case that cannot be used with the reason, and tells how much tumor a crop would lose.

            Example:
              kdnet inspect BraTS2018
            """)
    {
        _services = services;
        Add(_folder);
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.AddGroup("images");
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        ExperimentSettings settings = _settings.Read(parsed);
        string folder = parsed.GetValue(_folder)!;
        if (!Directory.Exists(folder))
            throw new UsageException($"The folder '{folder}' does not exist.");
        settings.ValidatePreprocessing();
        InspectionText.Show(DatasetInspection.Of(folder, settings, _services.Display, _services.Cancellation), settings.CropEdge, _services.Display);
        return ExitCode.Done;
    }
}
