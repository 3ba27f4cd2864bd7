using System.Text.Json.Nodes;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>The output folder of a reproduction, which several processes and machines may share.</summary>
internal sealed class ReproductionFolder(string path)
{
    private const string SettingsName = "reproduction.json";

    /// <summary>The names of the report.</summary>
    public const string HtmlName = "report.html", MarkdownName = "report.md";

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Phantoms => In("data");

    public string Cache => In("cache");

    /// <summary>Where the tables of all that is done go.</summary>
    public string Results => In("results");

    /// <summary>Where the process that prepares the data says so.</summary>
    public string Preparation => In("preparation");

    /// <summary>Whether a reproduction has begun here.</summary>
    public bool HasBegun => File.Exists(In(SettingsName));

    private RememberedSettings Settings => new(In(SettingsName), "a reproduction");

    /// <summary>The folder of a run.</summary>
    public RunResults Of(string id) => new(System.IO.Path.Combine(Path, "runs", id));

    /// <summary>Takes the folder for a reproduction with these settings.</summary>
    /// <exception cref="ExperimentException">It holds something else, or a reproduction with other settings.</exception>
    public void Open(ExperimentSettings settings, string data) => Settings.Remember(Describe(settings, data));

    /// <summary>Refuses what <see cref="Open"/> refuses, and writes nothing.</summary>
    /// <exception cref="ExperimentException">The folder holds something else, or a reproduction with other settings.</exception>
    public void Check(ExperimentSettings settings, string data) => Settings.RefuseOthers(Describe(settings, data));

    /// <summary>The settings with which a reproduction in this folder goes on, or begins.</summary>
    public ExperimentSettings AsBegun(ExperimentSettings settings) => Settings.AsBegun(settings);

    // Each run has its own fold and skip connections.
    private static JsonObject Describe(ExperimentSettings settings, string data)
    {
        JsonObject description = RememberedSettings.Describe(settings);
        description.Remove(nameof(ExperimentSettings.Fold));
        description.Remove(nameof(ExperimentSettings.SkipConnections));
        description["Data"] = data;
        return description;
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
