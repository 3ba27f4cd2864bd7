using System.Text.Json;
using System.Text.Json.Nodes;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The output folder of a demo. It remembers the settings, so that a demo that was stopped goes on, and two demos are never mixed.</summary>
internal sealed class DemoFolder(string path)
{
    private const string SettingsName = "demo.json";
    private const string DataSource = "Data";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

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
        string file = In(SettingsName);
        JsonObject now = JsonSerializer.SerializeToNode(settings)!.AsObject();
        now[DataSource] = data is null ? "phantoms" : System.IO.Path.GetFullPath(data);
        if (!File.Exists(file))
        {
            if (Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any())
                throw new UsageException($"'{Path}' holds something else: choose another --out.");
            TextFile.Write(file, now.ToJsonString(Indented));
            return;
        }

        JsonObject before = Read(file);
        string[] differences = [.. now.Where(option => before[option.Key]?.ToString() != option.Value?.ToString()).Select(option => $"{option.Key} was {before[option.Key]} and is now {option.Value}")];
        if (differences.Length > 0)
            throw new UsageException($"'{Path}' holds a demo with other settings: {string.Join("; ", differences)}. Choose another --out, or delete that folder.");
    }

    private static JsonObject Read(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file))?.AsObject() ?? [];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{file}' is damaged: delete its folder, or choose another --out.", exception);
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
