using System.Globalization;
using KnowledgeDistillation.Runtime;
using TorchSharp;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>
/// What only the device itself can show: whether it computes what the CPU computes, and how long steps, epochs and predictions of the paper's setting
/// take on it. Ends with 1 where it computes something else.
/// </summary>
internal static class DeviceReport
{
    private const string All = "all";

    private static readonly IReadOnlyList<(string Name, Func<DeviceSetting, bool> Run)> Checks =
    [
        ("load", FirstTensors.Check),
        ("seeds", FirstTensors.CheckSeeds),
        ("losses", LossCurves.Check),
        ("steps", Fits.TimeSteps),
        ("epochs", Fits.TimeEpochs),
        ("window", HeadWindows.Time),
        ("memory", ExhaustedMemory.Check),
        ("operations", StepOperations.Count),
        ("copies", HostCopies.Check),
    ];

    public static string Usage =>
        $"Usage: Benchmarks device cpu|cuda [{string.Join('|', Checks.Select(check => check.Name))}|{All} "
        + $"[{string.Join('|', DeviceSetting.PrecisionNames)} [edge width cases]]], the edge a multiple of 16 from 32. "
        + "For example: Benchmarks device cuda all tf32 64 30 190";

    public static int Run(IReadOnlyList<string> args)
    {
        if (Parse(args) is not { } parsed)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        try
        {
            TorchRuntime.EnsureAvailable(parsed.Setting.Device.type);
        }
        catch (TorchBackendException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }

        parsed.Setting.Apply();
        bool holds = true;
        foreach ((string name, Func<DeviceSetting, bool> run) in Checks.Where(check => parsed.Check == All || check.Name == parsed.Check))
        {
            if (parsed.Check == All)
                DeviceResult.Print(("begins", name));
            holds &= run(parsed.Setting);
        }

        return holds ? 0 : 1;
    }

    private static (string Check, DeviceSetting Setting)? Parse(IReadOnlyList<string> args)
    {
        if (args is not ["cpu" or "cuda", ..] || args.Count is not (<= 3 or 6))
            return null;
        string check = args.ElementAtOrDefault(1) ?? All, precision = args.ElementAtOrDefault(2) ?? DeviceSetting.PrecisionNames[0];
        int[] numbers = [64, 30, 190];
        for (int i = 0; i + 3 < args.Count; i++)
        {
            if (!int.TryParse(args[i + 3], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]) || numbers[i] == 0)
                return null;
        }

        bool isKnown = (check == All || Checks.Any(item => item.Name == check)) && DeviceSetting.PrecisionNames.Contains(precision);
        if (!isKnown || numbers[0] < 32 || numbers[0] % 16 != 0)
            return null;
        var device = new torch.Device(args[0] == "cuda" ? DeviceType.CUDA : DeviceType.CPU);
        return (check, new DeviceSetting(device, precision, numbers[0], numbers[1], numbers[2]));
    }
}
