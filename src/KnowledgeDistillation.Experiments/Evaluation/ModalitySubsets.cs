using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>The non-empty subsets of some modalities, and their names.</summary>
public static class ModalitySubsets
{
    /// <summary>All of them, the smaller first, each in the order of the modalities.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Of(IReadOnlyList<string> modalities) =>
    [
        .. Enumerable.Range(1, (1 << modalities.Count) - 1)
            .Select(bits => modalities.Where((_, position) => (bits >> position & 1) == 1).ToArray())
            .OrderBy(subset => subset.Length),
    ];

    /// <summary>For example "T1ce + FLAIR".</summary>
    public static string Title(IEnumerable<string> modalities) => string.Join(" + ", modalities.Select(BraTSModality.Title));
}
