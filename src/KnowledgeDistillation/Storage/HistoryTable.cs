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
        var table = new CsvTable([.. Columns(terms), .. dice]);
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
        string prefix = Column(Training, "");
        string[] terms =
            [.. columns[(training + 1)..validation].Select(name => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : "")];
        string[] expected = [.. Columns(terms), .. columns[^1..].Where(name => name == Dice)];
        if (terms.Contains("") || !expected.SequenceEqual(columns) || expected.Distinct(StringComparer.Ordinal).Count() != expected.Length)
            throw new FormatException("Its columns are not those of a history of training.");
        return [.. Enumerable.Range(0, table.Rows.Count).Select(ReadEpoch)];

        EpochReport ReadEpoch(int row)
        {
            if (table.Rows[row].Count != columns.Length)
                throw new FormatException($"Its row {row + 1} has {table.Rows[row].Count} cells, but there are {columns.Length} columns.");
            return new EpochReport(
                Number(row, Epoch) is var epoch && epoch >= 0 && epoch <= int.MaxValue ? (int)epoch : throw new FormatException($"'{epoch}' is no epoch."),
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

        double Number(int row, string column) => CsvTable.ParseNumber(table[row, column]);
    }

    private static IEnumerable<string> Columns(string[] terms) =>
    [
        Epoch, LearningRate, Seconds, Best, Column(Training, Loss), .. Columns(Training, terms),
        Column(Validation, Loss), .. Columns(Validation, terms), .. Columns(Weight, terms), .. Columns(GradientShare, terms),
    ];

    private static IEnumerable<string> Columns(string of, string[] terms) => terms.Select(term => Column(of, term));

    private static string Column(string of, string figure) => $"{of}_{figure}";

    private static string Text(double? value) => value is double number ? CsvTable.Number(number) : "";
}
