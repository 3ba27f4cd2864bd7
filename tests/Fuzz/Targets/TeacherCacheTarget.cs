using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>A teacher's answers on disk: damaged ones are computed again, so the answer is always the same.</summary>
internal sealed class TeacherCacheTarget : FuzzTarget
{
    private readonly UNet3D _network = SmallNetwork.Make();
    private readonly Batch _images = SmallNetwork.Images();
    private readonly TeacherCacheOptions _options;
    private readonly string _file;
    private readonly byte[] _expected;

    public TeacherCacheTarget(string work)
    {
        _options = new TeacherCacheOptions { Folder = Path.Combine(work, "teacher"), MemoryBytes = 0 };
        _expected = Answer();
        _file = Directory.GetFiles(_options.Folder, "*", SearchOption.AllDirectories).Single();
        Sound = [File.ReadAllBytes(_file)];
    }

    public override IReadOnlyList<byte[]> Sound { get; }

    public override IReadOnlyList<string> Words { get; } = ["\"levels\"", "\"sha256\"", "\"logits\"", "\"bottleneck\"", "\"F16\"", "\"F32\"", "\"shape\""];

    public override bool Accepts(byte[] input)
    {
        File.WriteAllBytes(_file, input);
        return Answer().AsSpan().SequenceEqual(_expected) ? true : throw new FuzzException("The teacher gives another answer.");
    }

    private byte[] Answer()
    {
        using var scope = NewDisposeScope();
        NetworkOutput output = new FrozenTeacher(_network, cache: _options).Forward(_images);
        return [.. output.Logits.bytes, .. output.Encoding.Bottleneck.bytes];
    }
}
