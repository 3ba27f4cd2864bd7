using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>Finds the checkpoint that a user means.</summary>
internal static class Checkpoints
{
    /// <summary>The folder itself, or the best checkpoint of the run in it.</summary>
    /// <exception cref="UsageException">There is neither.</exception>
    public static string Find(string path) =>
        TrainingRun.FindModel(path) ?? throw new UsageException($"There is no checkpoint '{path}': the folder does not exist.");
}
