namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>Which folders use which others, with the uses that make it so.</summary>
internal sealed class FolderGraph
{
    private readonly SortedDictionary<string, SortedDictionary<string, List<TypeUse>>> _edges = new(StringComparer.Ordinal);

    /// <param name="uses">The uses within one assembly.</param>
    /// <param name="folderOf">The folder that stands for a namespace.</param>
    public FolderGraph(IEnumerable<TypeUse> uses, Func<string, string> folderOf)
    {
        foreach (TypeUse use in uses)
        {
            (string from, string to) = (folderOf(use.From), folderOf(use.To));
            if (from == to)
                continue;
            if (!_edges.TryGetValue(from, out SortedDictionary<string, List<TypeUse>>? targets))
                _edges[from] = targets = new SortedDictionary<string, List<TypeUse>>(StringComparer.Ordinal);
            if (!targets.TryGetValue(to, out List<TypeUse>? reasons))
                targets[to] = reasons = [];
            reasons.Add(use);
        }
    }

    /// <summary>
    /// The circles: for each group of folders of which every one leads to every other, the edges inside of it, each with up to three of its uses.
    /// </summary>
    public IReadOnlyList<string> Circles()
    {
        Dictionary<string, HashSet<string>> reached = _edges.Keys.ToDictionary(folder => folder, Reached);
        var circles = new List<string>();
        foreach ((string from, SortedDictionary<string, List<TypeUse>> targets) in _edges)
        {
            foreach ((string to, List<TypeUse> uses) in targets)
            {
                if (reached.TryGetValue(to, out HashSet<string>? beyond) && beyond.Contains(from))
                    circles.Add($"{from} -> {to}: {string.Join(", ", Examples(uses))}{(uses.Count > 3 ? $" and {uses.Count - 3} more" : "")}");
            }
        }

        return circles;
    }

    private static IEnumerable<string> Examples(List<TypeUse> uses) => uses.Take(3).Select(use => $"{use.Member} uses {use.Used}");

    private HashSet<string> Reached(string start)
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>([start]);
        while (open.TryPop(out string? folder))
        {
            if (!_edges.TryGetValue(folder, out SortedDictionary<string, List<TypeUse>>? targets))
                continue;
            foreach (string target in targets.Keys.Where(reached.Add))
                open.Push(target);
        }

        return reached;
    }
}
