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
        if (WhyAbsent(parts) is { } reason)
            Assert.Skip(reason);
        return PathOf(parts);
    }

    /// <summary>Null, or that the data are absent.</summary>
    public static string? WhyAbsent(params string[] parts) => File.Exists(PathOf(parts)) || Directory.Exists(PathOf(parts))
        ? null
        : $"Reference data is absent: {string.Join('/', parts)} was not found in the folder 'shared' beside the checkout (see tests/README.md).";

    private static string PathOf(string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindCheckoutFolder()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "KnowledgeDistillation.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No KnowledgeDistillation.sln was found above {AppContext.BaseDirectory}.");
    }
}
