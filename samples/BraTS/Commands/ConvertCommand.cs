using System.CommandLine;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.NnUNet;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Output;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet convert`: a data set as a raw folder of nnU-Net.</summary>
internal sealed class ConvertCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly Argument<string> _folder = new("folder") { Description = "The data set." };
    private readonly Option<string> _out = CommonOptions.Out("The raw folder, which must be empty or not there yet, for example nnUNet_raw/Dataset501_Mine.");
    private readonly Option<bool> _skipFaulty = CommonOptions.SkipFaulty();
    private readonly SettingsOptions _settings;

    public ConvertCommand(CommandServices services)
        : base("convert", "Writes a data set as a raw folder of nnU-Net.",
            """
            Reads any layout that the other commands read, and writes imagesTr, labelsTr, imagesTs and dataset.json as nnU-Net v2 has them. Compressed images become links to the files where they lie; others are written anew. Labels are numbered from 1 without a gap, and those that are ignored come last. Folds of a splits_final.json are kept.

            Example:
              kdnet convert BraTS2018 --out nnUNet_raw/Dataset501_BraTS2018
            """)
    {
        _services = services;
        _out.Required = true;
        Add(_folder);
        Add(_out);
        Add(_skipFaulty);
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.Add(nameof(ExperimentSettings.Labels));
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string folder = parsed.GetValue(_folder)!, output = Path.GetFullPath(parsed.GetValue(_out)!);
        if (!Directory.Exists(folder))
            throw new UsageException($"The folder '{folder}' does not exist.");
        Outputs.RequireFolder(output, _out.Name);
        ExperimentSettings settings = Datasets.Describe(folder, _settings.Read(parsed));
        Display display = _services.Display;
        MedicalDataset dataset = Datasets.OpenAll(folder, parsed.GetValue(_skipFaulty), display, settings);
        display.ShowCount("converting", dataset.Cases.Count, progress =>
        {
            NnUNetFolder.Write(dataset, output, progress, _services.Cancellation);
            return true;
        });
        display.Say($"{TrainingText.Cases(dataset.Cases.Count)} as a raw folder of nnU-Net: {output}");
        return ExitCode.Done;
    }
}
