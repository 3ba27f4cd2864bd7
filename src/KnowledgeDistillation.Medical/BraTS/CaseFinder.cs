using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>Finds the files of all cases below a folder, by file names alone.</summary>
internal sealed class CaseFinder
{
    private const int MaximumDepth = 4;
    private const string Segmentation = "seg";
    private static readonly char[] Separators = ['_', '-'];

    // Left by operating systems in places that hold data.
    private static readonly string[] NoData = ["__MACOSX", "lost+found"];

    // The last part of a file's name, by year: up to 2021 t1, t1ce, t2, flair, seg; from 2023 t1n, t1c, t2w, t2f, seg.
    // One segmentation of 2020 (case 355) is named "..._Segm".
    private static readonly Dictionary<string, string> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        ["t1"] = BraTSModality.T1,
        ["t1n"] = BraTSModality.T1,
        ["t1ce"] = BraTSModality.T1ce,
        ["t1c"] = BraTSModality.T1ce,
        ["t2"] = BraTSModality.T2,
        ["t2w"] = BraTSModality.T2,
        ["flair"] = BraTSModality.Flair,
        ["t2f"] = BraTSModality.Flair,
        ["seg"] = Segmentation,
        ["segm"] = Segmentation,
    };

    private static readonly HashSet<string> NamesOf2023 = new(["t1n", "t1c", "t2w", "t2f"], StringComparer.OrdinalIgnoreCase);

    private readonly List<CaseFiles> _cases = [];
    private readonly List<CaseFault> _unreached = [];

    private readonly HashSet<CaseFiles> _namesOf2023 = [];
    private readonly GradeTable _grades;

    private CaseFinder(GradeTable grades) => _grades = grades;

    /// <summary>
    /// The files of all cases, the folders in which there may be more that cannot be reached, and the cases whose files are named as since 2023.
    /// </summary>
    public static (IReadOnlyList<CaseFiles> Cases, IReadOnlyList<CaseFault> Unreached, IReadOnlySet<CaseFiles> NamesOf2023) Find(
        string folder, GradeTable grades)
    {
        CaseFinder finder = new(grades);
        finder.Search(new DirectoryInfo(folder), MaximumDepth);
        return (finder._cases, finder._unreached, finder._namesOf2023);
    }

    /// <summary>
    /// The modality that the name of a file ends in and what stands before it, for example "t1ce" and "P1" of "P1_t1ce"; null where it ends in none.
    /// </summary>
    /// <param name="name">The name without .nii or .nii.gz.</param>
    public static (string Prefix, string Modality)? ModalityIn(string name) =>
        name.LastIndexOfAny(Separators) is int separator and > 0 && Kinds.GetValueOrDefault(EndingOf(name)) is { } kind and not Segmentation
            ? (name[..separator], kind)
            : null;

    /// <summary>Whether a case is a child's tumor, which has labels of its own.</summary>
    public static bool IsPediatric(string id) => id.StartsWith("BraTS-PED", StringComparison.OrdinalIgnoreCase);

    private static bool IsCaseFile(FileSystemInfo entry) => NiftiFiles.NameOf(entry.Name) is { } name && Kinds.ContainsKey(EndingOf(name));

    private static string EndingOf(string name) => name[(name.LastIndexOfAny(Separators) + 1)..];

    // Where a link leads nowhere, .NET lists it as a file, and says of its path that it is there.
    private static bool IsDangling(FileSystemInfo entry)
    {
        try
        {
            return entry.ResolveLinkTarget(returnFinalTarget: true) is { Exists: false };
        }
        catch (IOException)
        {
            // It leads to itself.
            return true;
        }
    }

    private void Search(DirectoryInfo folder, int depth)
    {
        FileSystemInfo[] entries;
        try
        {
            // A data set of another layout, which has its own description.
            if (ImagesFolder.IsOne(folder.FullName))
                return;

            entries = [.. folder.EnumerateFileSystemInfos().Where(entry => !entry.Name.StartsWith('.') && !NoData.Contains(entry.Name))
                .OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _unreached.Add(new(folder.Name, $"the folder '{folder.FullName}' cannot be read: {exception.Message}"));
            return;
        }

        if (depth < 0)
        {
            if (Array.Find(entries, IsCaseFile) is { } tooDeep)
            {
                _unreached.Add(new(folder.Name, $"'{tooDeep.FullName}' lies more than {MaximumDepth} folders deep, where nothing is looked for; "
                    + "open a folder that is nearer to it."));
            }

            return;
        }

        AddCasesOf(folder, entries);
        foreach (FileSystemInfo entry in entries.Where(entry => NiftiFiles.NameOf(entry.Name) is null))
        {
            if (entry is DirectoryInfo child)
            {
                Search(child, depth - 1);
            }
            else if (!Path.HasExtension(entry.Name) && IsDangling(entry))
            {
                _unreached.Add(new(entry.Name, $"the link '{entry.FullName}' leads to '{entry.LinkTarget}', which is not there."));
            }
        }
    }

    private void AddCasesOf(DirectoryInfo folder, FileSystemInfo[] entries)
    {
        List<(string Prefix, string Ending, FileSystemInfo Entry)> files = [];
        foreach (FileSystemInfo entry in entries.Where(IsCaseFile))
        {
            string name = NiftiFiles.NameOf(entry.Name)!;
            int separator = name.LastIndexOfAny(Separators);
            files.Add((separator < 0 ? "" : name[..separator], EndingOf(name), entry));
        }

        // In the folder of one case, whatever lies there belongs to it; in a flat folder, the names tell the cases apart.
        bool oneCase = files.Any(file => file.Prefix.Equals(folder.Name, StringComparison.OrdinalIgnoreCase));
        foreach (var group in files.GroupBy(
            file => oneCase || file.Prefix.Length == 0 ? folder.Name : file.Prefix, StringComparer.OrdinalIgnoreCase))
        {
            bool namesOf2023 = group.Any(file => NamesOf2023.Contains(file.Ending));
            CaseFiles found = new(group.Key, folder.FullName)
            {
                Group = _grades.GradeOf(group.Key, folder.FullName) switch { TumorGrade.High => "high", TumorGrade.Low => "low", _ => null },
                ExpectedLabels = IsPediatric(group.Key) ? BraTSLabelConvention.Pediatric
                    : namesOf2023 ? BraTSLabelConvention.BraTS2023
                    : BraTSLabelConvention.BraTS2018,
            };
            if (namesOf2023)
                _namesOf2023.Add(found);
            foreach ((string prefix, string ending, FileSystemInfo entry) in group)
            {
                string path = NiftiFiles.FileOf(entry, found);
                if (Kinds[ending] != Segmentation)
                {
                    found.AddImage(Kinds[ending], new ImageFile(path));
                    continue;
                }

                // Predictions are named after their image.
                if (files.Any(
                    file => Kinds[file.Ending] != Segmentation && NiftiFiles.NameOf(file.Entry.Name)!.Equals(prefix, StringComparison.OrdinalIgnoreCase)))
                {
                    found.AddFault($"'{entry.FullName}' is named like a prediction from the image {prefix}; move it out of the data set.");
                }
                else
                {
                    found.AddSegmentation(path);
                }
            }

            _cases.Add(found);
        }
    }
}
