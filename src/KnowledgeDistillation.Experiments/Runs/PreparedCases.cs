using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;

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
        CancellationToken cancellation)
    {
        var cache = new PreprocessingCache(cacheFolder, options);
        IReadOnlyList<CachedCase> prepared = display.ShowCount("preparing images", cases.Count, progress => cache.Prepare(cases, progress, cancellation));
        foreach (string modality in options.Modalities)
        {
            CachedCase[] others = [.. prepared.Where(item => item.Backgrounds.ContainsKey(modality))];
            if (others.Length > 0)
                display.Warn($"Warning: {BackgroundText.Of(modality, [.. others.Select(item => (item.Id, item.Backgrounds[modality]))], prepared.Count)}");
        }

        return prepared.ToDictionary(item => item.Id, StringComparer.Ordinal);
    }
}
