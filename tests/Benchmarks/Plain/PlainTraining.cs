using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>Training loops: one dispose scope per step, Adam, the teacher run again in every step.</summary>
internal static class PlainTraining
{
    public static void Supervised(Gate gate, Setting setting)
    {
        using var network = new PlainUNet(RandomCase.Modalities.Count, RandomCase.Classes, setting.Width);
        using optim.Optimizer optimizer = optim.Adam(network.parameters(), 1e-4);
        using var item = new RandomCase(setting);
        gate.Computed = Parameters.Describe(network);
        network.train();
        gate.Repeat(() =>
        {
            using var scope = NewDisposeScope();
            Tensor input = cat([.. RandomCase.Modalities.Select(name => item.Images[name])], 1);
            Tensor loss = PlainLosses.Reference(network.call(input).Logits, item.Labels);
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            loss.item<float>();
        });
    }

    public static void Distillation(Gate gate, Setting setting)
    {
        using var teacher = new PlainUNet(RandomCase.Modalities.Count, RandomCase.Classes, setting.Width);
        using var student = new PlainUNet(1, RandomCase.Classes, setting.Width);
        using optim.Optimizer optimizer = optim.Adam(student.parameters(), 1e-4);
        using var item = new RandomCase(setting);
        gate.Computed = Parameters.Describe(student);
        teacher.eval();
        student.train();
        gate.Repeat(() =>
        {
            using var scope = NewDisposeScope();
            (Tensor teacherLogits, Tensor teacherBottleneck) = Teach(teacher, item);
            (Tensor logits, Tensor bottleneck) = student.call(item.Images[RandomCase.StudentModality]);
            Tensor loss = PlainLosses.Distillation(logits, bottleneck, teacherLogits, teacherBottleneck, item.Labels);
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            loss.item<float>();
        });
    }

    private static (Tensor Logits, Tensor Bottleneck) Teach(PlainUNet teacher, RandomCase item)
    {
        using IDisposable noGradient = no_grad();
        return teacher.call(cat([.. RandomCase.Modalities.Select(name => item.Images[name])], 1));
    }
}
