using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Finds the checkpoint that a user means.</summary>
internal static class ModelFolder
{
    /// <summary>The folder itself, or the best checkpoint of the run in it.</summary>
    /// <exception cref="ExperimentException">There is neither.</exception>
    public static string Find(string path)
    {
        if (!Directory.Exists(path))
            throw new ExperimentException($"There is no checkpoint '{path}': the folder does not exist.");
        string best = Path.Combine(path, "best");
        return Directory.Exists(best) ? best : path;
    }
}
