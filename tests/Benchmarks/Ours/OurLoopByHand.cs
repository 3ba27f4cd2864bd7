using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Ours;

/// <summary>
/// The operations of a supervised step with our network and our loss, but without the trainer: what is left of the difference is the trainer's own.
/// </summary>
internal static class OurLoopByHand
{
    public static void Supervised(Gate gate, Setting setting)
    {
        TorchRuntime.EnsureAvailable();
        using UNet3D network = OurWay.Network(setting.Width, RandomCase.Modalities);
        using optim.Optimizer optimizer = optim.Adam(network.parameters(), 1e-4);
        using var item = new RandomCase(setting);
        var loss = new ReferenceLoss();
        gate.Computed = Parameters.Describe(network);
        network.train();
        gate.Repeat(() =>
        {
            using var scope = NewDisposeScope();
            using Batch batch = OurTraining.MakeBatch(item);
            Tensor value = loss.Compute(new DistillationContext(batch, OurWay.Labels, NetworkOutput.Of(network, batch.Images)));
            optimizer.zero_grad();
            value.backward();
            optimizer.step();
            value.item<float>();
        });
    }
}
