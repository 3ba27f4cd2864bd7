using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>Finds the trained networks that a path stands for.</summary>
public static class ModelFolders
{
    // Deep enough for the runs of a reproduction and for folders of folds.
    private const int MostLevels = 3;

    /// <summary>
    /// The folders or archives of networks: the path itself where it is or holds one, else all trainings below it, such as the folds of a run.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <returns>In the order of their names; none where there is no network.</returns>
    /// <exception cref="ExperimentException">The trainings below are of several systems, whose mean would mean nothing.</exception>
    public static IReadOnlyList<string> Find(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (ModelArchive.IsMeantBy(path))
            return [path];
        if (TrainingRun.FindModel(path) is not { } found)
            return [];
        if (IsModel(found))
            return [found];
        string[] below = [.. Below(path, MostLevels)];
        ILookup<string, string> systems = below.ToLookup(folder => RunMetadata.SystemOf(ModelFiles.ReadDescription(Resolved(folder)).Metadata) ?? "others");
        return systems.Count <= 1
            ? below
            : throw new ExperimentException($"'{path}' holds trainings of several systems "
                + $"({string.Join(", ", systems.Select(group => $"{group.Key}: {string.Join(" ", group.Select(folder => $"'{folder}'"))}"))}): "
                + "name those that are meant.");
    }

    private static IEnumerable<string> Below(string folder, int levels)
    {
        foreach (string child in Directory.EnumerateDirectories(folder).Where(child => !AtomicFile.IsUnfinished(child)).Order(StringComparer.Ordinal))
        {
            if (TrainingRun.FindModel(child) is { } found && IsModel(found))
                yield return found;
            else if (levels > 1)
            {
                foreach (string deeper in Below(child, levels - 1))
                    yield return deeper;
            }
        }
    }

    private static bool IsModel(string folder) => ModelFiles.IsModel(Resolved(folder));

    // The name of a checkpoint may lead to one that replaces it at this moment.
    private static string Resolved(string folder) => AtomicDirectory.Resolve(folder) ?? folder;
}
