using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>The table of a fit's epochs, which people edit.</summary>
internal sealed class HistoryTarget : FuzzTarget
{
    private readonly string _folder, _file;

    public HistoryTarget(string work)
    {
        _folder = Path.Combine(work, "history");
        SmallNetwork.Fit(_folder);
        _file = Path.Combine(_folder, "history.csv");
        Sound = [File.ReadAllBytes(_file)];
    }

    public override IReadOnlyList<byte[]> Sound { get; }

    public override IReadOnlyList<string> Words { get; } = ["training_loss", "validation_loss", "epoch", "best", ",", "\n", "\"", "nan", "inf"];

    public override bool Accepts(byte[] input)
    {
        File.WriteAllBytes(_file, input);
        try
        {
            new TrainingRun(_folder).ReadHistory();
            return true;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }
}
