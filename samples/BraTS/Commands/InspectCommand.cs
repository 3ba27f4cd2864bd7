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
    private readonly Argument<string> _folder = new("folder") { Description = "A data set, or the folder of one case." };
    private readonly Option<bool> _quick = new("--quick") { Description = "Read headers only: faults in voxels, labels and tumors are not seen." };
    private readonly SettingsOptions _settings;

    public InspectCommand(CommandServices services)
        : base("inspect", "Tells what a data set holds and whether it can be used.",
            """
            Knows raw folders of nnU-Net, tasks of the Medical Segmentation Decathlon, and BraTS 2017 to 2024. Reads every voxel once. Names each case that cannot be used with the file and the reason, tells what the labels are taken for, and how much tumor a crop would lose. The exit code is 1 if a case cannot be used.

            Example:
              kdnet inspect BraTS2018
              kdnet inspect BraTS2018 --quick
              kdnet inspect MyData --labels 1=necrosis,2=edema,3=enhancing,4=ignore
            """)
    {
        _services = services;
        Add(_folder);
        Add(_quick);
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.AddGroup("images");
        _settings.AddGroup("data");
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        ExperimentSettings settings = _settings.Read(parsed);
        string folder = parsed.GetValue(_folder)!;
        if (!Directory.Exists(folder))
            throw new UsageException($"The folder '{folder}' does not exist.");
        settings.ValidatePreprocessing();
        bool quick = parsed.GetValue(_quick);
        var inspection = DatasetInspection.Of(folder, settings, quick, _services.Display, _services.Cancellation);
        InspectionText.Show(inspection, settings.CropEdge, quick, _services.Display);
        return inspection.Dataset.Faults.Count > 0 ? ExitCode.Failed : ExitCode.Done;
    }
}
