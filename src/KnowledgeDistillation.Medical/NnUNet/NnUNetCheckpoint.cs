using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Medical.NnUNet;

/// <summary>Where a network of nnU-Net lies.</summary>
/// <param name="Folder">The folder with plans.json and dataset.json.</param>
/// <param name="File">The weights in one of its folds.</param>
internal sealed record NnUNetCheckpoint(string Folder, string File)
{
    /// <summary>The checkpoint of the last epoch.</summary>
    public const string Final = "checkpoint_final.pth";

    private const string Fold = "fold_";

    /// <summary>What a path means: the folder of the results, of one of its folds, or a checkpoint in it. Null where it is none of them.</summary>
    /// <exception cref="CheckpointException">The folder has no trained fold, or several.</exception>
    public static NnUNetCheckpoint? Find(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (System.IO.File.Exists(full))
            return Parent(Parent(full)) is { } results && HasPlans(results) ? new NnUNetCheckpoint(results, full) : null;
        if (HasPlans(full))
            return new NnUNetCheckpoint(full, Path.Combine(OnlyFold(full), Final));
        return Path.GetFileName(full).StartsWith(Fold, StringComparison.Ordinal) && Parent(full) is { } folder && HasPlans(folder)
            ? new NnUNetCheckpoint(folder, Path.Combine(full, Final))
            : null;
    }

    private static string OnlyFold(string folder)
    {
        string[] folds = [.. Directory.EnumerateDirectories(folder, Fold + "*").Where(fold => System.IO.File.Exists(Path.Combine(fold, Final)))
            .Order(StringComparer.Ordinal)];
        return folds switch
        {
            [var only] => only,
            [] => throw new CheckpointException(folder, $"it has no fold with a {Final}"),
            _ => throw new CheckpointException(
                folder, $"it has several folds ({string.Join(", ", folds.Select(Path.GetFileName))}): give the folder of the one that is meant"),
        };
    }

    private static bool HasPlans(string folder) => System.IO.File.Exists(Path.Combine(folder, NnUNetModel.Plans));

    private static string? Parent(string? path) => path is null ? null : Path.GetDirectoryName(path);
}
