using System.Globalization;
using System.Text;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// A table as a CSV file that spreadsheets, R and pandas read: UTF-8, commas, one line per row after a line of column names,
/// decimal points in any language, quotation marks around what needs them (RFC 4180). A text that a spreadsheet would take for a formula, such as a case
/// named <c>=1+1</c>, stands in the file with an apostrophe before it.
/// </summary>
/// <remarks>The same rows give the same bytes. Not safe for use by several threads at once.</remarks>
public sealed class CsvTable
{
    private const string NotANumber = "nan", Infinite = "inf", NegativeInfinite = "-inf";

    // What tells a spreadsheet that a cell is text.
    private const char TextMark = '\'';

    private readonly List<IReadOnlyList<string>> _rows = [];

    /// <summary>Makes a table without rows.</summary>
    /// <param name="columns">The names of the columns, at least one.</param>
    /// <exception cref="ArgumentException">There is no column.</exception>
    public CsvTable(params IEnumerable<string> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Columns = [.. columns];
        if (Columns.Count == 0)
            throw new ArgumentException("A table needs at least one column.", nameof(columns));
    }

    /// <summary>The names of the columns.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The cells of each row. Rows of a file that was read may have more or fewer cells than there are columns.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows => _rows;

    /// <summary>A number as a cell: with a decimal point, with all digits by default; "nan", "inf" and "-inf" where it is not finite.</summary>
    /// <param name="value">The number.</param>
    /// <param name="format">A format of .NET for finite numbers, for example "0.00"; null for all digits.</param>
    public static string Number(double value, string? format = null) => value switch
    {
        double.NaN => NotANumber,
        double.PositiveInfinity => Infinite,
        double.NegativeInfinity => NegativeInfinite,
        _ => value.ToString(format, CultureInfo.InvariantCulture),
    };

    /// <summary>A whole number as a cell.</summary>
    /// <param name="value">The number.</param>
    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The number in a cell that <see cref="Number(double, string?)"/> made.</summary>
    /// <param name="cell">The cell.</param>
    /// <exception cref="FormatException">The cell holds no number.</exception>
    public static double ParseNumber(string cell) => cell switch
    {
        NotANumber => double.NaN,
        Infinite => double.PositiveInfinity,
        NegativeInfinite => double.NegativeInfinity,
        _ => double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new FormatException($"'{cell}' is no number."),
    };

    /// <summary>Reads a table from a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    /// <exception cref="FormatException">It is empty, or a quotation mark in it has no end; the message names the file.</exception>
    public static CsvTable Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (FormatException exception)
        {
            throw new FormatException($"'{path}' is no CSV table: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a table from a text. Lines may end in any way; empty ones are skipped.</summary>
    /// <param name="text">The whole table.</param>
    /// <exception cref="FormatException">The text is empty, or a quotation mark in it has no end.</exception>
    public static CsvTable Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<string[]> rows = [];
        int position = 0;
        while (position < text.Length)
        {
            string[] cells = ReadRow(text, ref position);
            if (cells is not [""])
                rows.Add(cells);
        }

        if (rows.Count == 0)
            throw new FormatException("It is empty.");
        var table = new CsvTable(rows[0]);
        table._rows.AddRange(rows.Skip(1));
        return table;
    }

    /// <summary>Adds a row.</summary>
    /// <param name="cells">The text of each cell, one per column.</param>
    /// <exception cref="ArgumentException">There are more or fewer cells than columns.</exception>
    public void Add(params IEnumerable<string> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        string[] row = [.. cells];
        if (row.Length != Columns.Count)
            throw new ArgumentException($"The row has {row.Length} cells, but the table has {Columns.Count} columns.", nameof(cells));
        _rows.Add(row);
    }

    /// <summary>The cell of a row in the first column of a name; empty where the row is shorter.</summary>
    /// <param name="row">The number of the row, from 0.</param>
    /// <param name="column">The name of the column.</param>
    /// <exception cref="KeyNotFoundException">There is no such column.</exception>
    public string this[int row, string column]
    {
        get
        {
            for (int i = 0; i < Columns.Count; i++)
            {
                if (Columns[i] == column)
                    return i < _rows[row].Count ? _rows[row][i] : "";
            }

            throw new KeyNotFoundException($"The table has no column '{column}'.");
        }
    }

    /// <summary>Writes the table to a file, which is complete or the former one at any moment.</summary>
    /// <param name="path">The file; its folder is made where it is missing.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public void Write(string path) => AtomicFile.WriteText(path, ToString());

    /// <summary>The table as the text of a file.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (IReadOnlyList<string> row in _rows.Prepend(Columns))
            text.AppendJoin(',', row.Select(Quote)).Append('\n');
        return text.ToString();
    }

    private static string Quote(string cell)
    {
        if (IsFormula(cell))
            cell = TextMark + cell;
        return cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
    }

    // A spreadsheet would run it; a number is none. Marks before it count, so that reading takes away what writing added and no more.
    private static bool IsFormula(ReadOnlySpan<char> cell) => cell.TrimStart(TextMark) is ['=' or '+' or '-' or '@' or '\t' or '\r', ..]
        && cell is not NegativeInfinite
        && !double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static string[] ReadRow(string text, ref int position)
    {
        List<string> cells = [];
        while (true)
        {
            cells.Add(position < text.Length && text[position] == '"' ? ReadQuoted(text, ref position) : "");
            // What follows a closing quotation mark belongs to the cell, as spreadsheets take it.
            int end = text.AsSpan(position).IndexOfAny(',', '\r', '\n') is int length and >= 0 ? position + length : text.Length;
            cells[^1] += text[position..end];
            if (cells[^1] is [TextMark, .. string marked] && IsFormula(marked))
                cells[^1] = marked;
            position = end;
            if (position == text.Length)
                return [.. cells];
            bool another = text[position] == ',';
            position += text[position] == '\r' && position + 1 < text.Length && text[position + 1] == '\n' ? 2 : 1;
            if (!another)
                return [.. cells];
        }
    }

    // A quotation mark within stands twice.
    private static string ReadQuoted(string text, ref int position)
    {
        var cell = new StringBuilder();
        int start = position + 1;
        while (true)
        {
            int mark = text.IndexOf('"', start);
            if (mark < 0)
                throw new FormatException("A quotation mark has no end.");
            cell.Append(text, start, mark - start);
            if (mark + 1 >= text.Length || text[mark + 1] != '"')
            {
                position = mark + 1;
                return cell.ToString();
            }

            cell.Append('"');
            start = mark + 2;
        }
    }
}
