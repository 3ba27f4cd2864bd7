using System.Diagnostics;

namespace KnowledgeDistillation.Tests.Native;

/// <summary>A copy of the application in tests/Fixtures/TorchProbe that a test may damage and run; how torch was loaded belongs to the process.</summary>
internal sealed class TorchProbe : IDisposable
{
    public TorchProbe()
    {
        string[] place = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory).Split(Path.DirectorySeparatorChar);
        int project = Array.LastIndexOf(place, "KnowledgeDistillation.Tests");
        string built = Path.Combine([Path.DirectorySeparatorChar.ToString(), .. place[..project], "Fixtures", "TorchProbe", .. place[(project + 1)..]]);
        foreach (string file in Directory.GetFiles(built))
            File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("torch-probe-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Gives the application the libtorch of these tests.</summary>
    public void AddLibTorch()
    {
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory, "lib*"))
        {
            if (!File.Exists(Path.Combine(Folder, Path.GetFileName(file))))
                File.CreateSymbolicLink(Path.Combine(Folder, Path.GetFileName(file)), file);
        }
    }

    public string Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(Folder, "TorchProbe.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (output + errors.Result).Trim();
    }
}
