using System.CommandLine;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Samples.BraTS.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet phantom`: a data set of made-up patients.</summary>
internal sealed class PhantomCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly Option<string> _out = CommonOptions.Out("A folder that does not exist yet, or is empty.");
    private readonly SettingsOptions _settings;

    public PhantomCommand(CommandServices services)
        : base("phantom", "Makes a data set of made-up patients.",
            """
            Writes brains with tumors in four modalities as NIfTI files in the layout of BraTS 2018. The same options give the same files.

            Example:
              kdnet phantom --out phantoms --cases 60 --size 128
            """)
    {
        _services = services;
        _out.Required = true;
        Add(_out);
        _settings = new SettingsOptions(this, new ExperimentSettings { PhantomCases = 20, PhantomEdge = 64, PhantomReferenceError = 0 });
        _settings.AddGroup("general");
        _settings.AddGroup("phantoms");
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        ExperimentSettings settings = _settings.Read(parsed);
        string folder = Path.GetFullPath(parsed.GetValue(_out)!);
        Outputs.RequireFolder(folder, _out.Name);
        settings.ValidatePhantom();
        new BraTSPhantom(settings.PhantomOptions()).WriteDataset(folder, settings.PhantomCases, _services.Cancellation);
        _services.Display.Say($"{settings.PhantomCases} phantom patients of {settings.PhantomEdge}³ voxels are in {folder}");
        return ExitCode.Done;
    }
}
