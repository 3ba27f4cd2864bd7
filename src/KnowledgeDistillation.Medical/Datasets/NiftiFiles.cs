namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>NIfTI files as they lie in folders: as files, or in folders that have the name of one.</summary>
internal static class NiftiFiles
{
    /// <summary>A file's name without .nii or .nii.gz; null where it is no NIfTI file or hidden (archives made on a Mac hold "._" twins).</summary>
    public static string? NameOf(string file)
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
    /// <param name="case">Receives why there is none.</param>
    /// <returns>Its path; where there is none, that of the folder.</returns>
    public static string FileOf(FileSystemInfo entry, CaseFiles @case)
    {
        if (entry is not DirectoryInfo folder)
            return entry.FullName;
        try
        {
            FileInfo[] inside = [.. folder.EnumerateFiles().Where(file => NameOf(file.Name) is not null)];
            if (Array.Find(inside, file => NameOf(file.Name)!.Equals(NameOf(folder.Name), StringComparison.OrdinalIgnoreCase)) is { } namesake)
                return namesake.FullName;
            if (inside.Length == 1)
                return inside[0].FullName;
            @case.AddFault($"the folder '{folder.FullName}' has the name of a file and must hold one NIfTI file, but holds {inside.Length}.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            @case.AddFault($"the folder '{folder.FullName}' cannot be read: {exception.Message}");
        }

        return folder.FullName;
    }
}
