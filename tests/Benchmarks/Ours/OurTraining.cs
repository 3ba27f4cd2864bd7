using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Benchmarks.Ours;

/// <summary>Steps and epochs of our trainers.</summary>
internal static class OurTraining
{
    public static Workload Supervised(OurWay way, bool oneModality = false) => (gate, setting) =>
    {
        using UNet3D network = OurWay.Network(setting.Width, oneModality ? [RandomCase.StudentModality] : RandomCase.Modalities);
        using var item = new RandomCase(setting);
        gate.Computed = Parameters.Describe(network);
        new GatedBatchSource(gate, () => MakeBatch(item)).Run(way.Supervised(network));
    };

    public static Workload Distillation(OurWay way) => (gate, setting) =>
    {
        using UNet3D teacher = OurWay.Network(setting.Width, RandomCase.Modalities);
        using UNet3D student = OurWay.Network(setting.Width, RandomCase.StudentModality);
        using var item = new RandomCase(setting);
        gate.Computed = Parameters.Describe(student);
        new GatedBatchSource(gate, () => MakeBatch(item)).Run(way.Distillation(student, teacher));
    };

    /// <summary>Epochs of four cases with a teacher, or without one: then the student alone, as the baseline.</summary>
    public static Workload Epoch(OurWay way, bool withTeacher) => (gate, setting) =>
    {
        const int cases = 4;
        using UNet3D teacher = OurWay.Network(setting.Width, RandomCase.Modalities);
        using UNet3D student = OurWay.Network(setting.Width, RandomCase.StudentModality);
        using var items = new RandomCase(setting with { Batch = cases });
        gate.Computed = Parameters.Describe(student);
        var source = new InMemoryBatchSource(new ModalityImages(items.Images), items.Labels, setting.Batch, shuffleSeed: 1);
        var epochs = new GatedEpochs(gate, source);
        epochs.Run(withTeacher ? way.Distillation(student, teacher, way.Training(epochs)) : way.Supervised(student, way.Training(epochs)));
    };

    /// <summary>A batch of its own that shares the tensors.</summary>
    internal static Batch MakeBatch(RandomCase item) => new(
        new ModalityImages(item.Images.Select(image => KeyValuePair.Create(image.Key, image.Value.alias()))),
        item.Labels.alias(),
        [.. Enumerable.Range(0, (int)item.Labels.shape[0]).Select(number => $"case {number}")]);
}
