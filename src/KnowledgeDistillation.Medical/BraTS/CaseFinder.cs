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
    private readonly List<BraTSCaseFault> _unreached = [];

    private CaseFinder()
    {
    }

    /// <summary>The files of all cases, and the folders in which there may be more that cannot be reached.</summary>
    public static (List<CaseFiles> Cases, List<BraTSCaseFault> Unreached) Find(string folder)
    {
        CaseFinder finder = new();
        finder.Search(new DirectoryInfo(folder), MaximumDepth);
        return (finder._cases, finder._unreached);
    }

    /// <summary>A file's name without .nii or .nii.gz; null where it is no NIfTI file or hidden (archives made on a Mac hold "._" twins).</summary>
    public static string? NiftiName(string file)
    {
        if (file.StartsWith('.'))
            return null;
        foreach (string extension in (ReadOnlySpan<string>)[".nii.gz", ".nii"])
        {
            if (file.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
                return file[..^extension.Length];
        }

        return null;
    }

    /// <summary>
    /// The file that is meant by a file, or by a folder with the name of one, as some copies of data sets have them: the one NIfTI file in it.
    /// </summary>
    /// <param name="entry">The file or folder.</param>
    /// <param name="faults">Receives why there is none.</param>
    /// <returns>Its path; where there is none, that of the folder.</returns>
    public static string FileOf(FileSystemInfo entry, List<string> faults)
    {
        if (entry is not DirectoryInfo folder)
            return entry.FullName;
        try
        {
            FileInfo[] inside = [.. folder.EnumerateFiles().Where(file => NiftiName(file.Name) is not null)];
            if (Array.Find(inside, file => NiftiName(file.Name)!.Equals(NiftiName(folder.Name), StringComparison.OrdinalIgnoreCase)) is { } namesake)
                return namesake.FullName;
            if (inside.Length == 1)
                return inside[0].FullName;
            faults.Add($"the folder '{folder.FullName}' has the name of a file and must hold one NIfTI file, but holds {inside.Length}.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            faults.Add($"the folder '{folder.FullName}' cannot be read: {exception.Message}");
        }

        return folder.FullName;
    }

    private static bool IsCaseFile(FileSystemInfo entry) => NiftiName(entry.Name) is { } name && Kinds.ContainsKey(EndingOf(name));

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
            if (Directory.Exists(Path.Combine(folder.FullName, DecathlonLayout.ImageFolder)))
            {
                _cases.AddRange(DecathlonLayout.Find(folder.FullName));
                return;
            }

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
        foreach (FileSystemInfo entry in entries.Where(entry => NiftiName(entry.Name) is null))
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
            string name = NiftiName(entry.Name)!;
            int separator = name.LastIndexOfAny(Separators);
            files.Add((separator < 0 ? "" : name[..separator], EndingOf(name), entry));
        }

        // In the folder of one case, whatever lies there belongs to it; in a flat folder, the names tell the cases apart.
        bool oneCase = files.Any(file => file.Prefix.Equals(folder.Name, StringComparison.OrdinalIgnoreCase));
        foreach (var group in files.GroupBy(
            file => oneCase || file.Prefix.Length == 0 ? folder.Name : file.Prefix, StringComparer.OrdinalIgnoreCase))
        {
            CaseFiles found = new(group.Key, folder.FullName);
            foreach ((string prefix, string ending, FileSystemInfo entry) in group)
            {
                found.HasNamesOf2023 |= NamesOf2023.Contains(ending);
                string path = FileOf(entry, found.Faults);
                if (Kinds[ending] != Segmentation)
                {
                    found.AddImage(Kinds[ending], new ImageFile(path));
                    continue;
                }

                // Predictions are named after their image.
                if (files.Any(file => Kinds[file.Ending] != Segmentation && NiftiName(file.Entry.Name)!.Equals(prefix, StringComparison.OrdinalIgnoreCase)))
                    found.Faults.Add($"'{entry.FullName}' is named like a prediction from the image {prefix}; move it out of the data set.");
                else
                    found.AddSegmentation(path);
            }

            _cases.Add(found);
        }
    }
}
