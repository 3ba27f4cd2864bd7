namespace KnowledgeDistillation.Medical.Tests;

/// <summary>A folder of a test's own, removed with all its files.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("nifti-tests-").FullName;

    public string File(string name) => Path.Combine(path, name);

    public string[] FileNames() => [.. Directory.GetFiles(path).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(path, recursive: true);
}
