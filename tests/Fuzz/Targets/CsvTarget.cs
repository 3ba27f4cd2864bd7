using System.Text;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>Tables: what is read is written and read again as the same.</summary>
internal sealed class CsvTarget : FuzzTarget
{
    public override IReadOnlyList<byte[]> Sound { get; } =
        [.. new[] { "name,a,b\ncase,1,0.5\n", "\"a,b\",\"c\"\"d\"\r\n\"two\nlines\",\n", "'=1,@x\n-inf,nan\n" }.Select(Encoding.UTF8.GetBytes)];

    public override IReadOnlyList<string> Words { get; } = ["\"", "\"\"", ",", "\r\n", "'", "=", "@", "-", "nan"];

    public override bool Accepts(byte[] input)
    {
        CsvTable table;
        try
        {
            table = CsvTable.Parse(Encoding.UTF8.GetString(input));
        }
        catch (FormatException)
        {
            return false;
        }

        // Rows of other lengths than the header cannot be added, only read.
        var copy = new CsvTable(table.Columns);
        foreach (IReadOnlyList<string> row in table.Rows.Where(row => row.Count == table.Columns.Count && !row.All(cell => cell.Length == 0)))
            copy.Add(row);
        if (copy.Columns is [""])
            return true;
        CsvTable again = CsvTable.Parse(copy.ToString());
        return again.Columns.SequenceEqual(copy.Columns) && again.Rows.Zip(copy.Rows).All(pair => pair.First.SequenceEqual(pair.Second))
            && again.Rows.Count == copy.Rows.Count
                ? true
                : throw new FuzzException("The table was not read as it was written.");
    }
}
