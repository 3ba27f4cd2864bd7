using System.Text.RegularExpressions;

namespace KnowledgeDistillation;

/// <summary>Finds the cause in what the dynamic loader says.</summary>
internal static partial class TorchLoadFailure
{
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
                $"TorchSharp has no native library for {runtimeIdentifier}. Run on Linux with glibc or Windows on an x64 processor, or on macOS on an Apple processor.");
        }
    }

    /// <summary>Makes the exception that names cause and cure.</summary>
    /// <param name="loaderMessage">All that the loader said about libtorch and TorchSharp's library.</param>
    /// <param name="isLibTorchPresent">Whether a libtorch was found, be it loadable or not.</param>
    /// <param name="innerException">The loader's own exception.</param>
    public static TorchBackendException Explain(string loaderMessage, bool isLibTorchPresent, Exception? innerException = null)
    {
        (TorchBackendProblem problem, string message) = Diagnose(loaderMessage, isLibTorchPresent);
        return new TorchBackendException(problem, message, innerException);
    }

    private static (TorchBackendProblem Problem, string Message) Diagnose(string loaderMessage, bool isLibTorchPresent)
    {
        if (MissingVersion().Match(loaderMessage) is { Success: true } version)
        {
            string requirement = $"{version.Groups["version"].Value} (asked for by {Path.GetFileName(version.Groups["library"].Value)})";
            return version.Groups["version"].Value.StartsWith("GLIBC_", StringComparison.Ordinal)
                ? (TorchBackendProblem.GlibcTooOld,
                    $"Torch cannot be loaded: this machine's C library lacks {requirement}. Run the application on a newer system, such as Debian 12, Ubuntu 22.04 or RHEL 9, or in a container of one.")
                : (TorchBackendProblem.LibstdcxxTooOld,
                    $"Torch cannot be loaded: this machine's libstdc++ lacks {requirement}. If that is GLIBCXX_3.4.32, TorchSharp asks for it without need: build the application with the package KnowledgeDistillation on this machine, or elsewhere with the property KnowledgeDistillationRelaxLibstdcxx=always. Otherwise install a newer libstdc++.");
        }

        if (MissingSymbol().Match(loaderMessage) is { Success: true } symbol)
        {
            return (TorchBackendProblem.LibTorchIncompatible,
                $"Torch cannot be loaded: the libtorch in use does not fit TorchSharp, which needs the version it was made for (2.10 for TorchSharp 0.107). The loader says: {symbol.Value.Trim()}");
        }

        if (!isLibTorchPresent)
        {
            return (TorchBackendProblem.LibTorchMissing,
                "Torch cannot be loaded: the application brings no libtorch. Reference one of the packages TorchSharp-cpu, TorchSharp-cuda-linux and TorchSharp-cuda-windows in the application's project, or call TorchRuntime.UseLibTorch with the folder of a PyTorch that is already installed.");
        }

        string hint = OperatingSystem.IsWindows() ? " Windows needs the Microsoft Visual C++ Redistributable for Visual Studio 2015-2022 besides." : "";
        return (TorchBackendProblem.LoadFailed, $"Torch cannot be loaded.{hint} The loader says: {Relevant(loaderMessage)}");
    }

    /// <summary>The loader tries a dozen names; the lines that say of a full path that there is no such file are about those that were never there.</summary>
    private static string Relevant(string loaderMessage)
    {
        string[] lines = loaderMessage.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string[] relevant = [.. lines.Where(line => !Attempt().IsMatch(line) && !line.StartsWith("Unable to load shared library", StringComparison.Ordinal)).Distinct()];
        return string.Join("; ", relevant.Length > 0 ? relevant : lines);
    }

    [GeneratedRegex(@"version `(?<version>(GLIBC|GLIBCXX|CXXABI)_[\w.]+)' not found \(required by (?<library>[^)]+)\)")]
    private static partial Regex MissingVersion();

    [GeneratedRegex(@"[^\n]*(undefined symbol|[Ss]ymbol not found|procedure could not be found)[^\n]*")]
    private static partial Regex MissingSymbol();

    [GeneratedRegex(@"^/.*: cannot open shared object file: No such file or directory$")]
    private static partial Regex Attempt();
}
