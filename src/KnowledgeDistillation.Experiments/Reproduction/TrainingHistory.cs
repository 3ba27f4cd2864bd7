using System.Globalization;
using System.Text;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>Reads the history.csv that a training leaves.</summary>
internal static class TrainingHistory
{
    private const string Training = "training", Validation = "validation", Loss = "_loss";

    /// <summary>The epochs in order.</summary>
    /// <exception cref="InvalidDataException">The file is missing or damaged.</exception>
    public static IReadOnlyList<EpochReport> Read(string path)
    {
        try
        {
            string[] lines = File.ReadAllLines(path);
            string[] header = [.. Cells(lines[0])];
            string[] terms =
            [
                .. header[(Array.IndexOf(header, Training + Loss) + 1)..Array.IndexOf(header, Validation + Loss)].Select(name => name[(Training.Length + 1)..]),
            ];
            return [.. lines.Skip(1).Select(line => Epoch(header.Zip(Cells(line)).ToDictionary(cell => cell.First, cell => cell.Second), terms))];
        }
        catch (Exception exception) when (exception is IOException or FormatException or ArgumentException or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"'{path}' is damaged ({exception.Message}): delete the folder of this run to have it done again.", exception);
        }
    }

    private static EpochReport Epoch(Dictionary<string, string> row, string[] terms)
    {
        bool validated = row[Validation + Loss].Length > 0;
        bool shared = row[$"gradient_share_{terms[0]}"].Length > 0;
        return new EpochReport(
            (int)Number("epoch"),
            Number("learning_rate"),
            Report(Training),
            validated ? Report(Validation) : null,
            row["best"] == "1",
            Number("seconds"),
            shared ? terms.ToDictionary(term => term, term => Number($"gradient_share_{term}")) : null);

        LossReport Report(string of) =>
            new(Number(of + Loss), [.. terms.Select(term => new TermValue(term, Number($"weight_{term}"), Number($"{of}_{term}")))]);

        double Number(string column) => double.Parse(row[column], CultureInfo.InvariantCulture);
    }

    // A cell that holds a comma or a quotation mark stands in quotation marks, which are doubled within.
    private static IEnumerable<string> Cells(string line)
    {
        var cell = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            if (quoted && line[i..].StartsWith("\"\"", StringComparison.Ordinal))
            {
                cell.Append('"');
                i++;
            }
            else if (line[i] == '"')
            {
                quoted = !quoted;
            }
            else if (line[i] == ',' && !quoted)
            {
                yield return cell.ToString();
                cell.Clear();
            }
            else
            {
                cell.Append(line[i]);
            }
        }

        yield return cell.ToString();
    }
}
