using System.Globalization;
using System.IO.Compression;
using System.Text;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>The folder of a pair. What is worth keeping stays when it is done: its scores and the histories of its networks, a few hundred kilobytes.</summary>
internal sealed class PairFolder(string path)
{
    private const string Table = "pair.csv", Cases = "cases.csv.gz";

    private readonly RunResults _folder = new(path);

    /// <summary>The name of a pair, for example "pair-007".</summary>
    public static string NameOf(int pair) => string.Create(CultureInfo.InvariantCulture, $"pair-{pair:000}");

    /// <summary>The folder.</summary>
    public string Path => _folder.Path;

    /// <summary>Whether the pair is done.</summary>
    public bool IsDone => _folder.IsDone;

    /// <summary>The folder in which an attempt works, with what former ones have left.</summary>
    public string Enter(int attempt) => _folder.Enter(attempt);

    /// <summary>What its networks did, and how long it took.</summary>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public (IReadOnlyList<PairRow> Rows, double Seconds) Read()
    {
        double seconds = _folder.ReadFacts().Seconds;
        return (PairRow.Read(System.IO.Path.Combine(Path, Table)), seconds);
    }

    /// <summary>Brings out what is worth keeping, and deletes the rest.</summary>
    /// <param name="working">The folder of the attempt.</param>
    /// <param name="rows">What its networks did.</param>
    /// <param name="scores">The same, case by case.</param>
    /// <param name="histories">The file of each network's history, by name of the network.</param>
    /// <param name="facts">With what and on what it was done.</param>
    /// <param name="claim">The right to do it.</param>
    /// <exception cref="OperationCanceledException">The claim is lost.</exception>
    public void Publish(
        string working,
        IReadOnlyList<PairRow> rows,
        IReadOnlyList<CaseScore> scores,
        IReadOnlyDictionary<string, string> histories,
        RunFacts facts,
        RunClaim claim)
    {
        string kept = System.IO.Path.Combine(working, "kept");
        Directory.CreateDirectory(kept);
        string table = System.IO.Path.Combine(kept, Table);
        PairRow.Table(rows).Write(table);
        Compress(System.IO.Path.Combine(kept, Cases), TableOf(scores).ToString());
        foreach ((string system, string history) in histories)
            Compress(System.IO.Path.Combine(kept, $"history-{system}.csv.gz"), File.ReadAllText(history));
        _folder.BringOut(kept, facts, [table], claim);
        Directory.Delete(working, recursive: true);
    }

    private static CsvTable TableOf(IReadOnlyList<CaseScore> scores)
    {
        var table = new CsvTable("system", "case", "grade", "region", "reference_voxels", "predicted_voxels", "dice");
        foreach (CaseScore score in scores)
        {
            table.Add(
                score.Network, score.CaseId, score.Group ?? CaseScore.UnknownGroup, score.Region.Region,
                CsvTable.Number(score.Region.Overlap.ReferenceVoxels), CsvTable.Number(score.Region.Overlap.PredictionVoxels),
                CsvTable.Number(score.Region.Dice, "0.######"));
        }

        return table;
    }

    private static void Compress(string file, string text) => AtomicFile.Write(file, stream =>
    {
        using var compressed = new GZipStream(stream, CompressionLevel.SmallestSize, leaveOpen: true);
        compressed.Write(Encoding.UTF8.GetBytes(text));
    });
}
