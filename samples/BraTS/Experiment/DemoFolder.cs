using System.Text.Json;
using System.Text.Json.Nodes;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Samples.BraTS.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.Experiment;

/// <summary>The output folder of a demo. It remembers the settings, so that a demo that was stopped goes on, and two demos are never mixed.</summary>
internal sealed class DemoFolder(string path)
{
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Phantoms => In("data");

    public string Cache => In("cache");

    public string Scores => In("scores.csv");

    public string Summary => In("summary.csv");

    public string Report => In("report.html");

    public string Of(SegmentationSystem system) => In(system.Name);

    /// <summary>Takes the folder for a demo with these settings.</summary>
    /// <exception cref="UsageException">It holds something else, or a demo with other settings.</exception>
    public void Open(ExperimentSettings settings, string? data)
    {
        JsonObject now = JsonSerializer.SerializeToNode(settings)!.AsObject();
        now["Data"] = data is null ? "phantoms" : System.IO.Path.GetFullPath(data);
        new RememberedSettings(In("demo.json"), "a demo").Remember(now);
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
