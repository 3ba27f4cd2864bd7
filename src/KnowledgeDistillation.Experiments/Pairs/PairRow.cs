using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>What a network of a pair did in one region of the test phantoms.</summary>
/// <param name="Pair">The pair, counted from 1.</param>
/// <param name="System">The name of its <see cref="PairSystem"/>.</param>
/// <param name="Region">The region, for example "ET".</param>
/// <param name="Cases">The number of test phantoms.</param>
/// <param name="Dice">The mean Dice, from 0 to 1; a region that is empty in reference and prediction counts 1, in one of them 0.</param>
/// <param name="PredictedVoxels">The voxels of the region in all predictions.</param>
/// <param name="ReferenceVoxels">Those in all references.</param>
/// <param name="BestEpoch">The epoch whose weights were scored, counted from 1.</param>
/// <param name="LossBefore">The mean training loss of the epochs before the last ones, as many as those (<see cref="PairConvergence"/>).</param>
/// <param name="LossAtEnd">The mean training loss of the last epochs.</param>
internal sealed record PairRow(
    int Pair,
    string System,
    string Region,
    int Cases,
    double Dice,
    long PredictedVoxels,
    long ReferenceVoxels,
    int BestEpoch,
    double LossBefore,
    double LossAtEnd)
{
    private static readonly string[] Columns =
    [
        "pair", "system", "region", "cases", "dice", "predicted_voxels", "reference_voxels", "volume_ratio", "best_epoch",
        "training_loss_before_end", "training_loss_at_end",
    ];

    /// <summary>Predicted over reference volume, all test phantoms together; NaN where no reference has the region.</summary>
    public double VolumeRatio => ReferenceVoxels == 0 ? double.NaN : (double)PredictedVoxels / ReferenceVoxels;

    /// <summary>Rows as a table.</summary>
    public static CsvTable Table(IEnumerable<PairRow> rows)
    {
        var table = new CsvTable(Columns);
        foreach (PairRow row in rows)
        {
            table.Add(
                CsvTable.Number(row.Pair), row.System, row.Region, CsvTable.Number(row.Cases), CsvTable.Number(row.Dice),
                CsvTable.Number(row.PredictedVoxels), CsvTable.Number(row.ReferenceVoxels), CsvTable.Number(row.VolumeRatio), CsvTable.Number(row.BestEpoch),
                CsvTable.Number(row.LossBefore), CsvTable.Number(row.LossAtEnd));
        }

        return table;
    }

    /// <summary>Reads what <see cref="Table"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file is missing or damaged.</exception>
    public static IReadOnlyList<PairRow> Read(string file)
    {
        try
        {
            var table = CsvTable.Read(file);
            if (!table.Columns.SequenceEqual(Columns) || table.Rows.Count == 0 || table.Rows.Any(row => row.Count != Columns.Length))
                throw new FormatException("It is no table of a pair.");
            return [.. Enumerable.Range(0, table.Rows.Count).Select(Row)];

            PairRow Row(int row) => new(
                (int)Number(row, "pair"), table[row, "system"], table[row, "region"], (int)Number(row, "cases"), Number(row, "dice"),
                (long)Number(row, "predicted_voxels"), (long)Number(row, "reference_voxels"), (int)Number(row, "best_epoch"),
                Number(row, "training_loss_before_end"), Number(row, "training_loss_at_end"));

            double Number(int row, string column) => CsvTable.ParseNumber(table[row, column]);
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"'{file}' is damaged ({exception.Message}): delete the folder of this pair to have it done again.", exception);
        }
    }
}
