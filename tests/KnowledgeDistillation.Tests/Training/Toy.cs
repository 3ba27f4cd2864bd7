using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>Networks and volumes so small that a fit takes a fraction of a second.</summary>
internal static class Toy
{
    public static readonly string[] Modalities = ["bright", "faint"];

    public static readonly ExclusiveClasses Labels = new("background", "sphere");

    /// <summary>A network of two levels whose initial weights follow from the seed.</summary>
    public static UNet3D Network(long seed, params string[] modalities)
    {
        manual_seed(seed);
        return new UNet3D(new UNet3DOptions { Modalities = modalities, OutputChannels = 2, BaseWidth = 2, Levels = 2 });
    }

    public static UNet3D Student(long seed = 1) => Network(seed, "faint");

    public static UNet3D Teacher(long seed = 2) => Network(seed, Modalities);

    /// <summary>A module with batch norm and dropout: buffers that change in training mode, and random numbers that are drawn in it.</summary>
    public static ModuleAdapter NetworkWithBuffers(long seed, double dropout = 0.2, params string[] modalities)
    {
        manual_seed(seed);
        return new ModuleAdapter(
            nn.Sequential(
                ("enter", nn.Conv3d(modalities.Length, 4, 3, padding: 1)),
                ("norm", nn.BatchNorm3d(4)),
                ("dropout", nn.Dropout3d(dropout)),
                ("bottleneck", nn.Conv3d(4, 4, 3, padding: 1)),
                ("relu", nn.ReLU()),
                ("leave", nn.Conv3d(4, 2, 1))),
            modalities,
            outputChannels: 2,
            bottleneck: "bottleneck");
    }

    /// <summary>Noisy volumes with one sphere each, clearly seen in "bright" and hardly in "faint".</summary>
    public static Batch Spheres(int cases = 4, int seed = 1, int size = 8)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        Tensor axis = arange(size, ScalarType.Float32);
        Tensor center = (rand([cases, 3], generator: generator) * size / 3) + (size / 3.0);
        Tensor Squared(int dimension, long[] shape) => (axis.reshape(shape) - center.select(1, dimension).reshape(cases, 1, 1, 1)).square();
        Tensor inside = (Squared(0, [1, size, 1, 1]) + Squared(1, [1, 1, size, 1]) + Squared(2, [1, 1, 1, size])).sqrt().lt(size / 3.5);
        Tensor Image(double contrast) => ((inside * contrast) + randn([cases, size, size, size], generator: generator)).unsqueeze(1).MoveToOuterDisposeScope();
        return new Batch(
            new ModalityImages(("bright", Image(contrast: 3)), ("faint", Image(contrast: 1))),
            inside.to(ScalarType.Int64).MoveToOuterDisposeScope(),
            [.. Enumerable.Range(0, cases).Select(number => $"sphere {number}")]);
    }

    public static InMemoryBatchSource Source(Batch spheres, int batchSize = 2, long? shuffleSeed = 1) =>
        new(spheres.Images, spheres.Labels, batchSize, shuffleSeed);

    /// <summary>All parameters and buffers, bit by bit.</summary>
    [OverloadResolutionPriority(1)]
    public static byte[] Bits(IEncoderDecoder network) => Bits(network.Module);

    /// <summary>All parameters and buffers, bit by bit.</summary>
    public static byte[] Bits(nn.Module module)
    {
        using var scope = NewDisposeScope();
        return
        [
            .. module.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal).SelectMany(entry => entry.Value.detach().contiguous().bytes.ToArray()),
        ];
    }

    /// <summary>The files of a folder and those below it, by relative path, with a hash of their content.</summary>
    public static SortedDictionary<string, string> Files(string folder) => new(
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            // A fit that is at work keeps others from it.
            .Where(file => Path.GetFileName(file) != "writer.lock")
            .ToDictionary(file => Path.GetRelativePath(folder, file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))),
        StringComparer.Ordinal);
}
