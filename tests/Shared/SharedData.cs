using Xunit;

namespace KnowledgeDistillation.Tests;

/// <summary>Finds the reference data that lies beside the checkout (never in it) and skips the test, saying why, where it is absent.</summary>
internal static class SharedData
{
    /// <summary>The checkout, found from the test's own folder: paths that the compiler records are rewritten in continuous-integration builds.</summary>
    public static string CheckoutFolder { get; } = FindCheckoutFolder();

    private static readonly string Root = Path.Combine(Path.GetDirectoryName(CheckoutFolder)!, "shared");

    public static string Require(params string[] parts)
    {
        string path = Path.Combine([Root, .. parts]);
        Assert.SkipUnless(
            File.Exists(path) || Directory.Exists(path),
            $"Reference data is absent: {string.Join('/', parts)} was not found in the folder 'shared' beside the checkout.");
        return path;
    }

    private static string FindCheckoutFolder()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "KnowledgeDistillation.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No KnowledgeDistillation.sln was found above {AppContext.BaseDirectory}.");
    }
}
