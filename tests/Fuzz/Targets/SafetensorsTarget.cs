using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>Files of tensors: their headers are JSON, with lengths and places in it.</summary>
internal sealed class SafetensorsTarget : FuzzTarget
{
    private readonly string _file;

    public SafetensorsTarget(string work)
    {
        _file = Path.Combine(work, "tensors.safetensors");
        using (NewDisposeScope())
        {
            SafetensorsFile.Write(
                _file,
                new Dictionary<string, Tensor> { ["a"] = ones(2, 3), ["b.weight"] = zeros([4], ScalarType.Int64), ["scalar"] = tensor(1.5) },
                new Dictionary<string, string> { ["key"] = "value" });
        }

        Sound = [File.ReadAllBytes(_file)];
    }

    public override IReadOnlyList<byte[]> Sound { get; }

    public override IReadOnlyList<string> Words { get; } =
        ["\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"F32\"", "\"BF16\"", "\"I64\"", "\"a\"", "\"__metadata__\"", "[0,24]"];

    public override bool Accepts(byte[] input)
    {
        File.WriteAllBytes(_file, input);
        try
        {
            using SafetensorsFile file = SafetensorsFile.Read(_file);
            return true;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }
}
