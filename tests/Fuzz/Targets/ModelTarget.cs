using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>A file of a model's folder: damaged it is refused, or else the model is what it was.</summary>
internal sealed class ModelTarget : FuzzTarget
{
    private readonly string _folder, _file;
    private readonly string _expected;

    public ModelTarget(string work, string file)
    {
        _folder = Path.Combine(work, $"model-{file}");
        using (UNet3D network = SmallNetwork.Make())
            new SegmentationModel(network, SmallNetwork.Labels, new Dictionary<string, string> { ["crop"] = "64,64,64" }).Save(_folder);
        _file = Path.Combine(_folder, file);
        Sound = [File.ReadAllBytes(_file)];
        _expected = Describe();
    }

    public override IReadOnlyList<byte[]> Sound { get; }

    public override IReadOnlyList<string> Words { get; } =
    [
        "\"format\"", "\"version\"", "\"files\"", "\"network\"", "\"type\"", "\"options\"", "\"labels\"", "\"$type\"", "\"metadata\"", "\"checksum\"",
        "\"checksumOf\"", "\"BaseWidth\"", "\"Levels\"", "1024", "\"UNet2DOptions\"", "\"MultiResUNet3DOptions\"",
    ];

    public override bool Accepts(byte[] input)
    {
        File.WriteAllBytes(_file, input);
        try
        {
            return Describe() == _expected ? true : throw new FuzzException("It is another model, and nobody noticed.");
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    private string Describe()
    {
        using SegmentationModel model = SegmentationModel.Load(_folder);
        using var scope = NewDisposeScope();
        double sum = model.Network.Module.parameters().Sum(parameter => parameter.abs().sum().item<float>());
        return $"{model.Network.Recipe} {string.Join(',', model.Labels.ChannelNames)} {string.Join(',', model.Metadata)} {sum:R}";
    }
}
