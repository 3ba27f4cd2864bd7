using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>The state of a fit: damaged it is refused, or else the history is what it was.</summary>
internal sealed class ResumeTarget : FuzzTarget
{
    private readonly string _folder, _state;
    private readonly string _expected;

    public ResumeTarget(string work)
    {
        _folder = Path.Combine(work, "resume");
        SmallNetwork.Fit(_folder);
        _state = Path.Combine(_folder, "last", "training.json");
        _expected = File.ReadAllText(Path.Combine(_folder, "history.csv"));
        Sound = [File.ReadAllBytes(_state)];
    }

    public override IReadOnlyList<byte[]> Sound { get; }

    public override IReadOnlyList<string> Words { get; } =
        ["\"format\"", "\"version\"", "\"files\"", "\"options\"", "\"history\"", "\"Epoch\"", "\"Training\"", "\"Terms\"", "\"checksum\"", "\"checksumOf\""];

    public override bool Accepts(byte[] input)
    {
        File.WriteAllBytes(_state, input);
        try
        {
            SmallNetwork.Fit(_folder);
        }
        catch (CheckpointException)
        {
            return false;
        }

        return File.ReadAllText(Path.Combine(_folder, "history.csv")) == _expected ? true : throw new FuzzException("It is another history.");
    }
}
