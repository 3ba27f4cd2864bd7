using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Preprocesses cases into a cache, showing how far it is.</summary>
public static class PreparedCases
{
    /// <summary>Prepares the cases that the cache does not hold yet.</summary>
    /// <returns>The cases by name.</returns>
    public static IReadOnlyDictionary<string, CachedCase> Prepare(
        IReadOnlyList<MedicalCase> cases,
        PreprocessingOptions options,
        string cacheFolder,
        IExperimentDisplay display,
        CancellationToken cancellation) => Prepare(cases, options, cacheFolder, display, collective: null, cancellation);

    /// <summary>Prepares the cases that the cache does not hold yet, in several processes that train together.</summary>
    /// <param name="cases">The cases.</param>
    /// <param name="options">How images are prepared.</param>
    /// <param name="cacheFolder">Where they are kept.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="collective">The processes that train together, of which the first prepares the cases, and the others then find them; null for one.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <returns>The cases by name.</returns>
    public static IReadOnlyDictionary<string, CachedCase> Prepare(
        IReadOnlyList<MedicalCase> cases,
        PreprocessingOptions options,
        string cacheFolder,
        IExperimentDisplay display,
        ICollective? collective,
        CancellationToken cancellation)
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
