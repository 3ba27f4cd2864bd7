using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>
/// The grades of a data set: from folders named HGG and LGG, from the "Grade" column of name_mapping.csv (2018 to 2020), and
/// from the tables of survival, which list high-grade cases only.
/// </summary>
internal sealed class GradeTable
{
    private static readonly char[] Separators = [',', ';', '\t'];

    private readonly Dictionary<string, TumorGrade> _grades = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _warnings = [];

    /// <summary>Which tables could not be read.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    public static GradeTable Read(string folder)
    {
        GradeTable table = new();
        // Users point at the folder of all, at a part of it, or at HGG; the tables lie beside or above the cases.
        string[] folders =
        [
            folder,
            .. Directory.EnumerateDirectories(folder, "*", new EnumerationOptions { IgnoreInaccessible = true }).Take(16),
            .. Directory.GetParent(folder) is { } parent ? [parent.FullName] : Array.Empty<string>(),
        ];
        foreach (string file in folders.SelectMany(Tables).OrderBy(file => Path.GetFileName(file).StartsWith("survival", StringComparison.OrdinalIgnoreCase)))
            table.Add(file);
        return table;
    }

    /// <summary>The grade of a case that lies in a folder.</summary>
    public TumorGrade GradeOf(string id, string path)
    {
        for (DirectoryInfo? folder = new(path); folder is not null; folder = folder.Parent)
        {
            if (ParseGrade(folder.Name) is { } grade)
                return grade;
        }

        return _grades.GetValueOrDefault(id, TumorGrade.Unknown);
    }

    private static string[] Tables(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, "*.csv").Where(file => Path.GetFileName(file) is var name
                && (name.StartsWith("name_mapping", StringComparison.OrdinalIgnoreCase) || name.StartsWith("survival", StringComparison.OrdinalIgnoreCase)))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Above and beside the data set there may be anything; within it, the search for cases names what cannot be read.
            return [];
        }
    }

    private static TumorGrade? ParseGrade(string text) => text.ToUpperInvariant() switch
    {
        "HGG" => TumorGrade.High,
        "LGG" => TumorGrade.Low,
        _ => null,
    };

    private void Add(string file)
    {
        if (ReadTable(file) is not { } table)
            return;
        int gradeColumn = table.Columns.ToList().FindIndex(name => Clean(name).Equals("Grade", StringComparison.OrdinalIgnoreCase));
        bool survival = Path.GetFileName(file).StartsWith("survival", StringComparison.OrdinalIgnoreCase);
        foreach (string[] row in table.Rows.Select(row => row.Select(Clean).ToArray()))
        {
            TumorGrade? grade = gradeColumn >= 0 && gradeColumn < row.Length ? ParseGrade(row[gradeColumn]) : survival ? TumorGrade.High : null;
            if (grade is null)
                continue;
            // A case has a column for its name in each year's data set.
            foreach (string cell in row.Where((cell, column) => column != gradeColumn && cell.StartsWith("Brats", StringComparison.OrdinalIgnoreCase)))
                _grades.TryAdd(cell, grade.Value);
        }
    }

    // Grades serve to spread the cases over the folds, so a table that cannot be read is no reason to stop.
    private CsvTable? ReadTable(string file)
    {
        try
        {
            string text = File.ReadAllText(file);
            return text.Length == 0 ? null : CsvTable.Parse(WithCommas(text));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _warnings.Add($"The table '{file}', which may name the grades of the cases, cannot be read: {exception.Message}");
            return null;
        }
        catch (FormatException exception)
        {
            throw new MedicalDatasetException(
                $"'{file}' is no CSV table: {exception.Message} Repair it, or take it out of the data set: it names the grades of the cases.", exception);
        }
    }

    // Spreadsheets in countries with a decimal comma write semicolons; the separator is the one that is most frequent in the first line.
    private static string WithCommas(string text)
    {
        string header = text.TrimStart('\r', '\n').Split('\n')[0];
        char separator = Separators.MaxBy(candidate => header.Count(letter => letter == candidate));
        if (separator == ',')
            return text;
        char[] letters = text.ToCharArray();
        bool isQuoted = false;
        for (int i = 0; i < letters.Length; i++)
        {
            if (letters[i] == '"')
                isQuoted = !isQuoted;
            else if (!isQuoted)
                letters[i] = letters[i] == separator ? ',' : letters[i] == ',' ? '.' : letters[i];
        }

        return new string(letters);
    }

    // Some tables have blanks between the cells, before the quotation marks.
    private static string Clean(string cell) => cell.Trim().Trim('"');
}
