using System.Text.RegularExpressions;

namespace KnowledgeDistillation.Runtime;

/// <summary>Finds the cause in what the dynamic loader says.</summary>
internal static partial class TorchLoadFailure
{
    private const string Packages =
        "Reference one of the packages TorchSharp-cpu, TorchSharp-cuda-linux and TorchSharp-cuda-windows in the application's project, or call "
            + "TorchRuntime.UseLibTorch with the folder of a PyTorch of that version that is already installed.";

    /// <summary>Throws if TorchSharp has no native library for a platform.</summary>
    /// <param name="runtimeIdentifier">Such as "linux-x64".</param>
    public static void EnsurePlatform(string runtimeIdentifier)
    {
        string[] parts = runtimeIdentifier.Split('-');
        bool isSupported = (parts[^1], parts[0], runtimeIdentifier.Contains("musl", StringComparison.Ordinal)) switch
        {
            (_, _, true) => false,
            ("x64", not "osx", _) => true,
            ("arm64", "osx" or "win", _) => true,
            _ => false,
        };
        if (!isSupported)
        {
            throw new TorchBackendException(
                TorchBackendProblem.UnsupportedPlatform,
                $"TorchSharp has no native library for {runtimeIdentifier}. Run on Linux with glibc or Windows on an x64 processor, "
                    + "or on macOS on an Apple processor.");
        }
    }

    /// <summary>Makes the exception that names cause and cure.</summary>
    /// <param name="loaderMessage">All that the loader said about libtorch and TorchSharp's library.</param>
    /// <param name="isLibTorchPresent">Whether a libtorch was found, loadable or not.</param>
    /// <param name="innerException">The loader's own exception.</param>
    /// <param name="foreign">The file of a libtorch that is in use though the application did not bring it; null where there is none.</param>
    public static TorchBackendException Explain(
        string loaderMessage, bool isLibTorchPresent, Exception? innerException = null, string? foreign = null)
    {
        (TorchBackendProblem problem, string message) = Diagnose(loaderMessage, isLibTorchPresent, foreign);
        return new TorchBackendException(problem, message, innerException);
    }

    private static (TorchBackendProblem Problem, string Message) Diagnose(string loaderMessage, bool isLibTorchPresent, string? foreign)
    {
        if (MissingVersion().Match(loaderMessage) is { Success: true } version)
        {
            string name = version.Groups["version"].Value;
            bool isGlibc = name.StartsWith("GLIBC_", StringComparison.Ordinal);
            string cause = $"Torch cannot be loaded: this machine's {(isGlibc ? "C library" : "libstdc++")} lacks {name} (asked for by "
                + $"{Path.GetFileName(version.Groups["library"].Value)}).";
            string cure = name switch
            {
                // The one version that the package's build step makes optional.
                "GLIBCXX_3.4.32" => "TorchSharp asks for it without using it: build the application on this machine with the package KnowledgeDistillation, "
                    + "or elsewhere with the property KnowledgeDistillationRelaxLibstdcxx set to always.",
                _ when isGlibc => "Run the application on Debian 12, Ubuntu 22.04 or a newer system, or in a container of one.",
                _ => "Run the application on Debian 12, Ubuntu 22.04 or a newer system, or in a container of one, or put a newer libstdc++ on LD_LIBRARY_PATH.",
            };
            return (isGlibc ? TorchBackendProblem.GlibcTooOld : TorchBackendProblem.LibstdcxxTooOld, $"{cause} {cure}");
        }

        if (MissingSymbol().Match(loaderMessage) is { Success: true } symbol)
        {
            // Most often that of a Python package of the system, which the loader found because the application brings none.
            if (foreign is not null)
            {
                return (TorchBackendProblem.LibTorchMissing,
                    $"Torch cannot be loaded: the application brings no libtorch, and the one that was found in its place, '{foreign}'{VersionOf(foreign)}, "
                        + $"does not fit TorchSharp, which needs the version it was made for (2.10 for TorchSharp 0.107). {Packages}");
            }

            return (TorchBackendProblem.LibTorchIncompatible,
                "Torch cannot be loaded: the libtorch in use does not fit TorchSharp, which needs the version it was made for (2.10 for TorchSharp 0.107). "
                    + $"The loader says: {symbol.Value.Trim()}");
        }

        if (!isLibTorchPresent)
        {
            return (TorchBackendProblem.LibTorchMissing,
                $"Torch cannot be loaded: the application brings no libtorch. {Packages}");
        }

        string hint = OperatingSystem.IsWindows() ? " Windows needs the Microsoft Visual C++ Redistributable for Visual Studio 2015-2022 besides." : "";
        return (TorchBackendProblem.LoadFailed, $"Torch cannot be loaded.{hint} The loader says: {Relevant(loaderMessage)}");
    }

    // Distributions name the file after its version, for example libtorch_cpu.so.1.13.
    private static string VersionOf(string library)
    {
        string name = Path.GetFileName(File.Exists(library) ? new FileInfo(library).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? library : library);
        return Version().Match(name) is { Success: true } version ? $" (version {version.Groups["version"].Value})" : "";
    }

    [GeneratedRegex(@"\.so\.(?<version>[\d.]+)$")]
    private static partial Regex Version();

    /// <summary>The loader tries a dozen names; the lines that say of a full path that there is no such file are about those that were never there.</summary>
    private static string Relevant(string loaderMessage)
    {
        string[] lines = loaderMessage.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string[] relevant =
            [.. lines.Where(line => !Attempt().IsMatch(line) && !line.StartsWith("Unable to load shared library", StringComparison.Ordinal)).Distinct()];
        return string.Join("; ", relevant.Length > 0 ? relevant : lines);
    }

    [GeneratedRegex(@"version `(?<version>(GLIBC|GLIBCXX|CXXABI)_[\w.]+)' not found \(required by (?<library>[^)]+)\)")]
    private static partial Regex MissingVersion();

    [GeneratedRegex(@"[^\n]*(undefined symbol|[Ss]ymbol not found|procedure could not be found)[^\n]*")]
    private static partial Regex MissingSymbol();

    [GeneratedRegex(@"^/.*: cannot open shared object file: No such file or directory$")]
    private static partial Regex Attempt();
}
