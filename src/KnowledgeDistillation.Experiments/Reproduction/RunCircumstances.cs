using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>What a run is done with and on.</summary>
internal static class RunCircumstances
{
    /// <summary>The facts of a run that is done at this moment.</summary>
    public static RunFacts Now(double seconds, torch.Device device) => new(DateTimeOffset.UtcNow, seconds, Versions(), Machine(device));

    private static Dictionary<string, string> Versions() => new()
    {
        ["kdnet"] = VersionOf(typeof(RunCircumstances).Assembly),
        [".NET"] = RuntimeInformation.FrameworkDescription,
        ["TorchSharp"] = VersionOf(typeof(torch).Assembly),
        ["libtorch"] = torch.__version__,
    };

    private static Dictionary<string, string> Machine(torch.Device device) => new()
    {
        ["Operating system"] = RuntimeInformation.RuntimeIdentifier,
        ["Processor"] = Processor(),
        ["Cores"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["Threads"] = torch.get_num_threads().ToString(CultureInfo.InvariantCulture),
        ["Device"] = device.ToString(),
    };

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version?.ToString() ?? "";

    private static string Processor()
    {
        const string Information = "/proc/cpuinfo";
        string? model = File.Exists(Information)
            ? File.ReadLines(Information).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return model?[(model.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
