namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>Finds the two files of a pair from the name of either.</summary>
internal static class NiftiFileNames
{
    /// <summary>The file that holds the header: the one given, or the header beside a voxel file.</summary>
    public static string HeaderOf(string path)
    {
        (string stem, string extension, _) = Split(path);
        string header = extension == ".img" ? Partner(path, stem, ".hdr") : path;
        if (File.Exists(header))
            return header;
        if (Directory.Exists(header))
            throw new NiftiException($"{header}: this is a folder, not a NIfTI file; give the file's name.");
        throw header == path
            ? new FileNotFoundException($"{path}: there is no such file; check the name.", path)
            : new NiftiException($"{path}: the header of the pair, {Path.GetFileName(header)}, is not in the same folder; put it there.");
    }

    /// <summary>The file that holds the voxels of a pair.</summary>
    public static string VoxelsOf(string header)
    {
        (string stem, string extension, _) = Split(header);
        string voxels = Partner(header, extension == ".hdr" ? stem : header, ".img");
        return File.Exists(voxels)
            ? voxels
            : throw new NiftiException($"{header}: the voxels of the pair, {Path.GetFileName(voxels)}, are not in the same folder; put them there.");
    }

    /// <summary>The names under which an image is saved; the two are equal where one file holds all.</summary>
    public static (string Header, string Voxels, bool Compressed) ForSaving(string path)
    {
        (string stem, string extension, string compression) = Split(path);
        return extension switch
        {
            ".nii" => (path, path, compression.Length > 0),
            ".hdr" or ".img" => (stem + ".hdr" + compression, stem + ".img" + compression, compression.Length > 0),
            _ => throw new ArgumentException(
                $"{path}: the name does not say how to save the image; end it with .nii, .nii.gz, .hdr, .hdr.gz, .img or .img.gz.", nameof(path)),
        };
    }

    // The partner may be compressed or not, whichever the file given is; the same kind is preferred.
    private static string Partner(string path, string stem, string extension)
    {
        string compression = Split(path).Compression;
        string same = stem + extension + compression, other = stem + extension + (compression.Length > 0 ? "" : ".gz");
        return File.Exists(same) || !File.Exists(other) ? same : other;
    }

    private static (string Stem, string Extension, string Compression) Split(string path)
    {
        string compression = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[^3..] : "";
        string rest = path[..^compression.Length];
        string extension = Path.GetExtension(rest);
        return (rest[..^extension.Length], extension.ToLowerInvariant(), compression);
    }
}
