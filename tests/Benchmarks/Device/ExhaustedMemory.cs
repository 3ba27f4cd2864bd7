using System.Runtime.InteropServices;
using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>What a fit says that finds the memory of the GPU taken, and whether the next one works.</summary>
internal static class ExhaustedMemory
{
    public static bool Check(DeviceSetting setting)
    {
        if (setting.Device.type == DeviceType.CPU)
        {
            DeviceResult.Print(("outcome", "skipped: the memory of a CPU is not taken on purpose"));
            return true;
        }

        using UNet3D network = OurWay.Network(setting.Width, RandomCase.Modalities);
        network.to(setting.Device);
        List<Tensor> taken = Take(setting.Device);
        DeviceResult.Print(("taken, GiB", Math.Round(taken.Sum(block => block.numel()) / (double)(1 << 30), 1)));
        string message = Fit(setting, network);
        foreach (Tensor block in taken)
            block.Dispose();
        string after = Fit(setting, network);
        bool isOurs = message.StartsWith(nameof(InvalidOperationException), StringComparison.Ordinal) && message.Contains("memory", StringComparison.Ordinal);
        DeviceResult.Print(("error", message), ("is ours", isOurs), ("with memory again", after));
        return isOurs && after.Length == 0;
    }

    private static List<Tensor> Take(torch.Device device)
    {
        List<Tensor> taken = [];
        foreach (long bytes in new[] { 4L << 30, 256L << 20, 16L << 20 })
        {
            try
            {
                while (true)
                    taken.Add(empty([bytes], ScalarType.Byte, device));
            }
            catch (ExternalException)
            {
                // Full.
            }
        }

        return taken;
    }

    private static string Fit(DeviceSetting setting, UNet3D network)
    {
        try
        {
            using var cases = new DeviceCases(1, setting.Edge, batchSize: 1);
            new OurWay().Supervised(network, new OurWay().Training() with { Epochs = 1 }).Fit(cases);
            return "";
        }
        catch (Exception exception) when (exception is ExternalException or InvalidOperationException)
        {
            return $"{exception.GetType().Name}: {exception.Message.Split('\n')[0]}";
        }
    }
}
