using System.Globalization;
using System.Text.RegularExpressions;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>The output folder of a reproduction with several seeds: that of each seed, seed-1, seed-2, ..., and what they come to together.</summary>
internal sealed partial class SeedsFolder(string path)
{
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Where the tables of all seeds together go.</summary>
    public string Results => System.IO.Path.Combine(Path, "results");

    /// <summary>The name of a seed's folder, for example "seed-1".</summary>
    public static string NameOf(int seed) => string.Create(CultureInfo.InvariantCulture, $"seed-{seed}");

    /// <summary>The folder of a seed.</summary>
    public ReproductionFolder Of(int seed) => new(System.IO.Path.Combine(Path, NameOf(seed)));

    /// <summary>The seeds of which a reproduction has begun here.</summary>
    public IReadOnlyList<int> Begun() => !Directory.Exists(Path) ? [] :
    [
        .. Directory.GetDirectories(Path, "seed-*").Select(folder => SeedName().Match(System.IO.Path.GetFileName(folder))).Where(name => name.Success)
            .Select(name => int.Parse(name.Groups[1].Value, CultureInfo.InvariantCulture))
            .Where(seed => Of(seed).HasBegun)
            .Order(),
    ];

    /// <summary>Refuses a folder that holds something else.</summary>
    /// <exception cref="ExperimentException">It does.</exception>
    public void Check()
    {
        if (Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any(entry => !IsOwn(System.IO.Path.GetFileName(entry))))
            throw new ExperimentException($"'{Path}' holds something else than a reproduction with several seeds: choose another output folder.");
    }

    private static bool IsOwn(string name) => SeedName().IsMatch(name)
        || name is "results" or "report-files" or ReproductionFolder.HtmlName or ReproductionFolder.MarkdownName
        || AtomicFile.IsUnfinished(name);

    // A seed has one name.
    [GeneratedRegex("^seed-(0|-?[1-9][0-9]{0,8})$")]
    private static partial Regex SeedName();
}
