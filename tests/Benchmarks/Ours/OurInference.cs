using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Benchmarks.Ours;

/// <summary>Probabilities of a volume at once, and of a larger one window by window.</summary>
internal static class OurInference
{
    public static Workload Volume(OurWay way) => (gate, setting) =>
    {
        using UNet3D network = OurWay.Network(setting.Width, RandomCase.Modalities);
        using var item = new RandomCase(setting);
        Repeat(gate, network, way.WholeVolume(), new ModalityImages(item.Images));
    };

    public static Workload SlidingWindow(OurWay way) => (gate, setting) =>
    {
        using UNet3D network = OurWay.Network(setting.Width, RandomCase.Modalities);
        using var item = HeadCase.Load(setting);
        Repeat(gate, network, way.SlidingWindow(HeadCase.Window), new ModalityImages(item.Images));
    };

    private static void Repeat(Gate gate, UNet3D network, IInference inference, ModalityImages images)
    {
        gate.Computed = Parameters.Describe(network);
        gate.Repeat(() => inference.Predict(network, OurWay.Labels, images).Dispose());
    }
}
