using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>Weights that PyTorch wrote: zip archives with a pickle, which is a program that must not be run.</summary>
internal sealed class PyTorchTarget(string work) : FuzzTarget
{
    private readonly string _file = Path.Combine(work, "weights.pth");

    public override IReadOnlyList<byte[]> Sound { get; } =
    [
        .. new[] { "state_dict.pth", "checkpoint.pth", "half.pth", "parameters.pth", "views.pth" }
            .Select(name => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, name))),
    ];

    public override IReadOnlyList<string> Words { get; } =
        ["ctorch\nFloatStorage\n", "cos\nsystem\n", "ccollections\nOrderedDict\n", "ctorch._utils\n_rebuild_tensor_v2\n", "R", "(", "t", "N", "q\u0001", "."];

    public override bool Accepts(byte[] input)
    {
        File.WriteAllBytes(_file, input);
        try
        {
            using var scope = NewDisposeScope();
            if (ForeignWeights.Read(_file).Values.Any(tensor => tensor.numel() > input.Length))
                throw new FuzzException("a tensor is larger than its file");
            return true;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }
}
