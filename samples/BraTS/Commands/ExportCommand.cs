using System.CommandLine;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Samples.BraTS.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet export`: a network for programs without torch.</summary>
internal sealed class ExportCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly Argument<string[]> _models = new("model")
    {
        Description =
            "The trained network: the --out of its training, or a checkpoint in it. Several become one file that gives the mean of their probabilities.",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> _onnx = new("--onnx")
    {
        Description = "The ONNX file to write. Weights of more than 1.9 GB go to a second file beside it, called the same with .data at the end.",
        HelpName = "file",
        Required = true,
    };
    private readonly Option<string[]> _modalities = new("--modality")
    {
        Description = "For networks that work with any: the modalities that the file sees, all by default. The rest of the network is left out.",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };

    public ExportCommand(CommandServices services)
        : base("export", "Writes a network as an ONNX file.",
            """
            The file has one input per modality, float32 [N, 1, depth, height, width] of free sizes, and one output, the raw logits. Its metadata says how images are prepared, what sizes fit, what the output means and which labels its classes have on disk, so that the package KnowledgeDistillation.OnnxRuntime segments with it as predict does, without torch.

            Examples:
              kdnet export runs/kd-net --onnx student.onnx
              kdnet export fold-1/kd-net fold-2/kd-net fold-3/kd-net --onnx ensemble.onnx
              kdnet export runs/u-hved --modality t1 flair --onnx two.onnx
            """)
    {
        _services = services;
        Add(_models);
        Add(_onnx);
        _modalities.MustBeModalities();
        Add(_modalities);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string path = Path.GetFullPath(parsed.GetValue(_onnx)!);
        Outputs.RequireFile(path, _onnx.Name);
        OnnxModelExport.Write(
            [.. parsed.GetValue(_models)!.SelectMany(Checkpoints.FindAll)],
            path,
            parsed.GetValue(_modalities) is { Length: > 0 } modalities ? modalities : null);
        _services.Display.Say($"{path} ({new FileInfo(path).Length / 1e6:0.0} MB)");
        return ExitCode.Done;
    }
}
