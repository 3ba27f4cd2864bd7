namespace KnowledgeDistillation.Tests;

/// <summary>A folder of a test's own that is gone, with all that is in it, after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("kd-tests-").FullName;

    /// <summary>The path of something in it, of which nothing needs to exist.</summary>
    public string this[params string[] parts] => Path.Combine([Root, .. parts]);

    /// <summary>The names of what lies right in it, sorted.</summary>
    public string[] Entries => [.. Directory.GetFileSystemEntries(Root).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
