using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Preprocesses cases into a cache, showing how far it is.</summary>
public static class PreparedCases
{
    /// <summary>Prepares the cases that the cache does not hold yet.</summary>
    /// <param name="cases">The cases.</param>
    /// <param name="options">How images are prepared.</param>
    /// <param name="cacheFolder">Where they are kept.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <param name="collective">The processes that train together, of which the first prepares the cases, and the others then find them; null for one.</param>
    /// <returns>The cases by name.</returns>
    /// <exception cref="InvalidDataException">A case is damaged; the message names it.</exception>
    /// <exception cref="IOException">The cache cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; what was prepared stays in the cache.</exception>
    public static IReadOnlyDictionary<string, CachedCase> Prepare(
        IReadOnlyList<MedicalCase> cases,
        PreprocessingOptions options,
        string cacheFolder,
        IExperimentDisplay display,
        CancellationToken cancellation,
        ICollective? collective = null)
    {
        ArgumentNullException.ThrowIfNull(display);
        var cache = new PreprocessingCache(cacheFolder, options);
        IReadOnlyList<CachedCase> prepared = new FitProcesses(collective).FirstBeforeOthers(() =>
            display.ShowCount("preparing images", cases.Count, progress => cache.Prepare(cases, progress, cancellation)));
        foreach (string modality in options.Modalities)
        {
            CachedCase[] others = [.. prepared.Where(item => item.Backgrounds.ContainsKey(modality))];
            if (others.Length > 0)
                display.Warn($"Warning: {BackgroundText.Of(modality, [.. others.Select(item => (item.Id, item.Backgrounds[modality]))], prepared.Count)}");
        }

        return prepared.ToDictionary(item => item.Id, StringComparer.Ordinal);
    }
}
