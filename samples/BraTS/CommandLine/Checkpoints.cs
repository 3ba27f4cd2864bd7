using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>Finds the checkpoint that a user means.</summary>
internal static class Checkpoints
{
    /// <summary>The folder itself, or the best checkpoint of the run in it.</summary>
    /// <exception cref="UsageException">There is neither.</exception>
    public static string Find(string path)
    {
        if (File.Exists(path))
            throw new UsageException($"'{path}' is a file, not a checkpoint: give the --out of a training, or the folder best or last in it.");
        string found = TrainingRun.FindModel(path) ?? throw new UsageException($"There is no checkpoint '{path}': the folder does not exist.");
        // A checkpoint whose replacement was cut short has only its older folder, which is found when it is read.
        bool empty = Directory.Exists(found) && !Directory.EnumerateFileSystemEntries(found).Any();
        return !empty ? found : throw new UsageException($"There is no checkpoint in '{path}', which is empty: give the --out of a training.");
    }
}
