using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Benchmarks.Plain;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Training;
using TorchSharp;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>Weights and the optimizer's state to disk, as after each epoch.</summary>
internal static class CheckpointCases
{
    // The weights do not depend on it, and a step should be short.
    private const int Size = 32;

    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        new("checkpoint", "the checkpoints after an epoch, checksummed and flushed to the disk, against save() of weights and Adam's state", Ours, Plainly)
        {
            WarmUp = 2,
        },
    ];

    private static void Ours(Gate gate, Setting setting) => InFolder(folder =>
    {
        using UNet3D network = OurWay.Network(setting.Width, RandomCase.Modalities);
        using var item = new RandomCase(setting with { Size = Size });
        gate.Computed = Parameters.Describe(network);
        var epochs =
            new GatedEpochs(gate, new InMemoryBatchSource(new ModalityImages(item.Images), item.Labels)) { Reports = epoch => epoch.SecondsAfterSteps };
        OurWay way = new();
        epochs.Run(way.Supervised(network, way.Training(epochs) with { OutputFolder = folder }));
    });

    private static void Plainly(Gate gate, Setting setting) => InFolder(folder =>
    {
        using var network = new PlainUNet(RandomCase.Modalities.Count, RandomCase.Classes, setting.Width);
        using var optimizer = torch.optim.Adam(network.parameters(), 1e-4);
        using var item = new RandomCase(setting with { Size = Size });
        using (torch.NewDisposeScope())
        {
            PlainLosses.Reference(network.call(item.Input()).Logits, item.Labels).backward();
            optimizer.step();
        }

        gate.Computed = Parameters.Describe(network);
        gate.Repeat(() =>
        {
            network.save(Path.Combine(folder, "weights"));
            optimizer.save_state_dict(Path.Combine(folder, "optimizer"));
        });
    });

    private static void InFolder(Action<string> work)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"kd-benchmarks-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            work(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
