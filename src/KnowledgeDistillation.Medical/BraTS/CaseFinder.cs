using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>Finds the files of all cases below a folder, by file names alone.</summary>
internal static class CaseFinder
{
    private const int MaximumDepth = 4;
    private const string Segmentation = "seg";
    private static readonly EnumerationOptions WhatCanBeRead = new() { IgnoreInaccessible = true };

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

    public static List<CaseFiles> Find(string folder)
    {
        List<CaseFiles> cases = [];
        Search(new DirectoryInfo(folder), MaximumDepth, cases);
        return cases;
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

    private static void Search(DirectoryInfo folder, int depth, List<CaseFiles> cases)
    {
        if (Directory.Exists(Path.Combine(folder.FullName, DecathlonLayout.ImageFolder)))
        {
            cases.AddRange(DecathlonLayout.Find(folder.FullName));
            return;
        }

        AddCasesOf(folder, cases);
        if (depth == 0)
            return;
        foreach (DirectoryInfo child in folder.EnumerateDirectories("*", WhatCanBeRead).Where(child => !child.Name.StartsWith('.') && child.Name != "__MACOSX")
            .OrderBy(child => child.Name, StringComparer.Ordinal))
        {
            Search(child, depth - 1, cases);
        }
    }

    private static void AddCasesOf(DirectoryInfo folder, List<CaseFiles> cases)
    {
        List<(string Prefix, string Ending, string Path)> files = [];
        foreach (FileInfo file in folder.EnumerateFiles("*", WhatCanBeRead).OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            if (NiftiName(file.Name) is not { } name)
                continue;
            int separator = name.LastIndexOfAny(['_', '-']);
            string ending = name[(separator + 1)..];
            if (Kinds.ContainsKey(ending))
                files.Add((separator < 0 ? "" : name[..separator], ending, file.FullName));
        }

        // In the folder of one case, whatever lies there belongs to it; in a flat folder, the names tell the cases apart.
        bool oneCase = files.Any(file => file.Prefix == folder.Name);
        foreach (var group in files.GroupBy(file => oneCase || file.Prefix.Length == 0 ? folder.Name : file.Prefix))
        {
            CaseFiles found = new(group.Key, folder.FullName);
            foreach ((_, string ending, string path) in group)
            {
                if (NamesOf2023.Contains(ending))
                    found.AssumeLabelsOf2023();
                if (Kinds[ending] == Segmentation)
                    found.AddSegmentation(path);
                else
                    found.AddImage(Kinds[ending], new ImageFile(path));
            }

            cases.Add(found);
        }
    }
}
