namespace KnowledgeDistillation.Storage;

/// <summary>
/// The history of a fit as a table: one row per epoch, one column per figure. Written again after each epoch,
/// so a resumed fit leaves the same file as an uninterrupted one.
/// </summary>
internal static class HistoryTable
{
    private const string Epoch = "epoch",
        LearningRate = "learning_rate",
        Seconds = "seconds",
        Best = "best",
        Training = "training",
        Validation = "validation",
        Loss = "loss",
        Weight = "weight",
        GradientShare = "gradient_share",
        Dice = "mean_dice_of_validation";

    public static CsvTable Of(IReadOnlyList<EpochReport> history)
    {
        string[] terms = [.. history[0].Training.Terms.Select(term => term.Name)];
        // A fit that does not choose by Dice has no such column.
        string[] dice = history.Any(report => report.ValidationDice is not null) ? [Dice] : [];
        var table = new CsvTable(
        [
            Epoch, LearningRate, Seconds, Best, Column(Training, Loss), .. Columns(Training, terms),
            Column(Validation, Loss), .. Columns(Validation, terms), .. Columns(Weight, terms), .. Columns(GradientShare, terms),
            .. dice,
        ]);
        foreach (EpochReport report in history)
        {
            table.Add(
            [
                Text(report.Epoch), Text(report.LearningRate), Text(Math.Round(report.Seconds, 3)), report.IsBest ? "1" : "0",
                Text(report.Training.Total), .. report.Training.Terms.Select(term => Text(term.Value)),
                Text(report.Validation?.Total), .. terms.Select((_, i) => Text(report.Validation?.Terms[i].Value)),
                .. report.Training.Terms.Select(term => Text(term.Weight)),
                .. terms.Select(name => Text(report.GradientShares?[name])),
                .. dice.Select(_ => Text(report.ValidationDice)),
            ]);
        }

        return table;
    }

    /// <summary>The epochs of a table.</summary>
    /// <exception cref="FormatException">The table is none of a history, or a figure is missing.</exception>
    public static IReadOnlyList<EpochReport> Read(CsvTable table)
    {
        string[] columns = [.. table.Columns];
        int training = Array.IndexOf(columns, Column(Training, Loss));
        int validation = Array.IndexOf(columns, Column(Validation, Loss));
        if (training < 0 || validation <= training + 1)
            throw new FormatException("It lacks the columns of a history of training.");
        string[] terms = [.. columns[(training + 1)..validation].Select(name => name[Column(Training, "").Length..])];
        return [.. Enumerable.Range(0, table.Rows.Count).Select(ReadEpoch)];

        EpochReport ReadEpoch(int row)
        {
            if (table.Rows[row].Count != columns.Length)
                throw new FormatException($"Its row {row + 1} has {table.Rows[row].Count} cells, but there are {columns.Length} columns.");
            return new EpochReport(
                (int)Number(row, Epoch),
                Number(row, LearningRate),
                Losses(row, Training),
                table[row, Column(Validation, Loss)].Length > 0 ? Losses(row, Validation) : null,
                table[row, Best] == "1",
                Number(row, Seconds),
                table[row, Column(GradientShare, terms[0])].Length > 0
                    ? terms.ToDictionary(term => term, term => Number(row, Column(GradientShare, term)))
                    : null)
            {
                ValidationDice = columns.Contains(Dice) && table[row, Dice].Length > 0 ? Number(row, Dice) : null,
            };
        }

        LossReport Losses(int row, string of) => new(
            Number(row, Column(of, Loss)),
            [.. terms.Select(term => new TermValue(term, Number(row, Column(Weight, term)), Number(row, Column(of, term))))]);

        double Number(int row, string column)
        {
            try
            {
                return CsvTable.ParseNumber(table[row, column]);
            }
            catch (KeyNotFoundException exception)
            {
                throw new FormatException(exception.Message, exception);
            }
        }
    }

    private static IEnumerable<string> Columns(string of, string[] terms) => terms.Select(term => Column(of, term));

    private static string Column(string of, string figure) => $"{of}_{figure}";

    private static string Text(double? value) => value is double number ? CsvTable.Number(number) : "";
}
