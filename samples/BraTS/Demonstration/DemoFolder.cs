namespace KnowledgeDistillation.Samples.BraTS.Demonstration;

/// <summary>The output folder of a demo: that of its experiment, and what the demo writes there.</summary>
internal sealed class DemoFolder(string path)
{
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Scores => In("scores.csv");

    public string Summary => In("summary.csv");

    public string Report => In("report.html");

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
