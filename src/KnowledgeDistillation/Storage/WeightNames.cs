using System.Text.RegularExpressions;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// How the names of weights in a file of another framework become those of a network's state dictionary.
/// A prefix that all names of the file share because the model was wrapped (<c>module.</c>, <c>_orig_mod.</c>) is dropped first. Immutable.
/// </summary>
public sealed record WeightNames
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly string[] Wrappers = ["module.", "_orig_mod."];

    /// <summary>The network's name for a name of the file; takes precedence over <see cref="Patterns"/>. Default none.</summary>
    public IReadOnlyDictionary<string, string> Exact { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Regular expressions that are replaced in the names of the file one after another, for example <c>(@"^encoder\.stages\.(\d+)", "encoder.$1")</c>.
    /// Default none.
    /// </summary>
    public IReadOnlyList<(string Pattern, string Replacement)> Patterns { get; init; } = [];

    /// <summary>
    /// Regular expressions of names of the file that the network does not need, for example <c>"^deep_supervision_heads"</c>. Default none: every weight of the
    /// file must find its place.
    /// </summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>For each name of a file that is not ignored, the network's name.</summary>
    /// <exception cref="ArgumentException">
    /// An expression is none or takes too long, a name of <see cref="Exact"/> is not in the file, or two get one name.
    /// </exception>
    internal IReadOnlyDictionary<string, string> Resolve(IEnumerable<string> names)
    {
        try
        {
            return ResolveAll([.. names]);
        }
        catch (RegexMatchTimeoutException exception)
        {
            throw new ArgumentException(
                $"{nameof(WeightNames)}: The expression '{exception.Pattern}' takes more than {Patience.TotalSeconds} s for a name: write a simpler one.",
                exception);
        }
    }

    private Dictionary<string, string> ResolveAll(string[] all)
    {
        int prefix = Prefix(all);
        Regex[] ignored = [.. Ignored.Select(Compile)];
        (Regex Pattern, string Replacement)[] patterns = [.. Patterns.Select(item => (Compile(item.Pattern), item.Replacement))];
        Dictionary<string, string> resolved = new(StringComparer.Ordinal);
        foreach (string name in all)
        {
            string bare = name[prefix..];
            if (Array.Exists(ignored, pattern => pattern.IsMatch(bare)))
                continue;
            resolved.Add(name, Exact.TryGetValue(bare, out string? exact)
                ? exact
                : patterns.Aggregate(bare, (text, item) => item.Pattern.Replace(text, item.Replacement)));
        }

        var faults = new OptionFaults(nameof(WeightNames));
        foreach (string absent in Exact.Keys.Except(all.Select(name => name[prefix..]), StringComparer.Ordinal))
            faults.Require(false, $"The file has no '{absent}'.");
        foreach (IGrouping<string, string> clash in resolved.GroupBy(item => item.Value, item => item.Key).Where(group => group.Count() > 1))
            faults.Require(false, $"'{string.Join("' and '", clash)}' would both become '{clash.Key}'.");
        faults.ThrowIfAny();
        return resolved;
    }

    private static int Prefix(string[] names)
    {
        int length = 0;
        while (names.Length > 0 && Array.Find(Wrappers, wrapper => Array.TrueForAll(names, name => name.AsSpan(length).StartsWith(wrapper))) is { } found)
            length += found.Length;
        return length;
    }

    private static Regex Compile(string pattern) => new(pattern, RegexOptions.CultureInvariant, Patience);
}
