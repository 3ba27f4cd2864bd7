using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>Finds the checkpoint that a user means.</summary>
internal static class Checkpoints
{
    /// <summary>The folder itself, or the best checkpoint of the run in it, or those of all runs below it, such as folds.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static IReadOnlyList<string> FindAll(string path) =>
        (Directory.Exists(path) || File.Exists(path)) && ModelFolders.Find(path) is { Count: > 0 } found ? found : [Find(path)];

    /// <summary>The folder itself, or the best checkpoint of the run in it.</summary>
    /// <exception cref="UsageException">There is neither.</exception>
    public static string Find(string path)
    {
        if (ModelArchive.IsMeantBy(path))
            return path;
        if (File.Exists(path))
            throw new UsageException(
                $"'{path}' is a file, not a checkpoint: give the --out of a training, the folder best or last in it, or what export-model made (.zip).");
        string found = TrainingRun.FindModel(path) ?? throw new UsageException($"There is no checkpoint '{path}': the folder does not exist.");
        // A checkpoint whose replacement was cut short has only its older folder, which is found when it is read.
        bool empty = Directory.Exists(found) && !Directory.EnumerateFileSystemEntries(found).Any();
        return !empty ? found : throw new UsageException($"There is no checkpoint in '{path}', which is empty: give the --out of a training.");
    }
}
