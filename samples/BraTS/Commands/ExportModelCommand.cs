using System.CommandLine;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet export-model`: a trained network as one file.</summary>
internal sealed class ExportModelCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly Argument<string> _run = new("run") { Description = "The trained network: the --out of its training, or a checkpoint in it." };
    private readonly Option<string> _out = new("--out", "-o") { Description = "The file, which ends in .zip.", HelpName = "file", Required = true };
    private readonly Option<string?> _license =
        new("--license") { Description = "A text file with the license of the model. [default: a text that says that none was given]", HelpName = "file" };
    private readonly Option<bool> _withCases = new("--with-cases")
    {
        Description = "Keep the hashed names of the cases that the network has learned from, by which evaluate leaves them out, and the place of its teachers.",
    };

    private readonly Option<string?> _scores = new("--scores")
    {
        Description = "What evaluate wrote of this network alone: the model card then has the mean of each score with its 95 % interval.",
        HelpName = "file",
    };

    public ExportModelCommand(CommandServices services)
        : base("export-model", "Makes one file of a trained network, to hand over.",
            """
            The file holds the weights with their checksum, how to build the network, how images are prepared, what the labels mean, the license, and a model card that says what is known of the model and what is not. predict and evaluate read it as --model.

            Example:
              kdnet export-model runs/kd-net -o kd-net.zip --license LICENSE.txt --scores scores.csv
              kdnet predict --model kd-net.zip --out segmentations imagesTs
            """)
    {
        _services = services;
        _license.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } license && !File.Exists(license))
                result.AddError($"The file '{license}' ({_license.Name}) does not exist.");
        });
        _scores.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } scores && !File.Exists(scores))
                result.AddError($"The file '{scores}' ({_scores.Name}) does not exist.");
        });
        Add(_run);
        Add(_out);
        Add(_license);
        Add(_withCases);
        Add(_scores);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string output = parsed.GetValue(_out)!;
        if (!output.EndsWith(ModelArchive.Ending, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"'{output}' (--out) must end in {ModelArchive.Ending}.");
        Outputs.RequireFile(output, _out.Name);
        string? license = parsed.GetValue(_license);
        ModelExport.Write(
            Checkpoints.Find(parsed.GetValue(_run)!), output, license is null ? null : File.ReadAllText(license), parsed.GetValue(_withCases),
            parsed.GetValue(_scores));
        _services.Display.Say($"The model is {Path.GetFullPath(output)}");
        return ExitCode.Done;
    }
}
