using System.Diagnostics;
using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>How long a head of BraTS's size takes, window by window, all of them, from the host's memory and back.</summary>
internal static class HeadWindows
{
    public static bool Time(DeviceSetting setting)
    {
        long[] size = setting.Edge >= HeadCase.Window ? [240, 240, 155] : [48, 48, 40];
        int window = Math.Min(setting.Edge, HeadCase.Window);
        using UNet3D network = OurWay.Network(setting.Width, RandomCase.Modalities);
        network.to(setting.Device);
        using var generator = new Generator(1);
        Dictionary<string, Tensor> head = RandomCase.Modalities.ToDictionary(name => name, _ => randn([1, 1, .. size], generator: generator));
        IInference inference = new OurWay { Precision = setting.Precision }.SlidingWindow(window);
        foreach (bool isMeasured in new[] { false, true })
        {
            var watch = Stopwatch.StartNew();
            using var scope = NewDisposeScope();
            var images = new ModalityImages(head.Select(image => KeyValuePair.Create(image.Key, image.Value.to(setting.Device, non_blocking: true))));
            inference.Predict(network, OurWay.Labels, images).cpu();
            if (isMeasured)
            {
                DeviceResult.Print(
                    ("precision", setting.PrecisionName),
                    ("voxels", string.Join('×', size)),
                    ("window", window),
                    ("seconds", Math.Round(watch.Elapsed.TotalSeconds, 4)));
            }
        }

        foreach (Tensor image in head.Values)
            image.Dispose();
        return true;
    }
}
