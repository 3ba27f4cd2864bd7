namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>Which modality stands in for one that is missing.</summary>
internal static class ModalitySubstitution
{
    // Yang et al. (2024): T1 with T1ce and T2 with FLAIR show most nearly the same, then T1 with T2 and T1ce with FLAIR.
    private static readonly Dictionary<string, string[]> Clinical = new(StringComparer.OrdinalIgnoreCase)
    {
        ["t1"] = ["t1ce", "t2", "flair"],
        ["t1ce"] = ["t1", "flair", "t2"],
        ["t2"] = ["flair", "t1", "t1ce"],
        ["flair"] = ["t2", "t1ce", "t1"],
    };

    /// <summary>For each modality by number all others, the best substitute first.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> Order(DeMoSeg3DOptions options)
    {
        IReadOnlyList<string> names = options.Modalities;
        return [.. names.Select(name =>
        {
            IReadOnlyList<string> preferred = options.Substitutes is null ? Clinical.GetValueOrDefault(name, [])
                : options.Substitutes.GetValueOrDefault(name, []);
            StringComparer comparer = options.Substitutes is null ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
            IEnumerable<int> named = preferred.Select(other => names.Index().Where(known => comparer.Equals(known.Item, other)).Select(known => known.Index))
                .SelectMany(indices => indices);
            return (IReadOnlyList<int>)[.. named.Concat(Enumerable.Range(0, names.Count)).Where(index => names[index] != name).Distinct()];
        })];
    }

    /// <summary>For each modality by number the one that gives its part of the features: itself where it is there.</summary>
    /// <param name="order">What <see cref="Order"/> gave.</param>
    /// <param name="present">Whether each modality is there; at least one is.</param>
    public static int[] Givers(IReadOnlyList<IReadOnlyList<int>> order, IReadOnlyList<bool> present) =>
        [.. order.Select((others, modality) => present[modality] ? modality : others.First(other => present[other]))];
}
