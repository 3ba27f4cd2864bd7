using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>Ten KD steps on the device against ten on the CPU, from the same weights and on the same cases, in float32 without TF32.</summary>
internal static class LossCurves
{
    // Except for rounding, the first losses are the same; later ones drift apart because sums are added in another order.
    private const double LargestFirstGap = 1e-4, LargestGap = 1e-2;

    private const int Steps = 10, Edge = 32, Width = 8;

    public static bool Check(DeviceSetting setting)
    {
        (setting with { PrecisionName = "float32" }).Apply();
        using UNet3D teacher = OurWay.Network(Width, RandomCase.Modalities);
        using UNet3D student = OurWay.Network(Width, RandomCase.StudentModality);
        List<TrainingProgress> onCpu = Run(CPU, teacher, student), onDevice = Run(setting.Device, teacher, student);
        setting.Apply();
        double[] firstGaps = [.. onCpu[0].Terms.Zip(onDevice[0].Terms, (one, other) => Gap(one.Value, other.Value))];
        foreach ((TermValue term, double gap) in onCpu[0].Terms.Zip(firstGaps))
            DeviceResult.Print(("term", term.Name), ("on the CPU", term.Value), ("gap", gap), ("gap may be", LargestFirstGap));
        double[] gaps = [.. onCpu.Zip(onDevice, (one, other) => Gap(one.Loss, other.Loss))];
        for (int step = 0; step < Steps; step++)
            DeviceResult.Print(("step", step + 1), ("on the CPU", onCpu[step].Loss), ("on the device", onDevice[step].Loss), ("gap", gaps[step]));
        bool agrees = firstGaps.Append(gaps[0]).Max() <= LargestFirstGap && gaps.Max() <= LargestGap;
        DeviceResult.Print(("agrees", agrees), ("largest gap", gaps.Max()), ("gaps may be", LargestGap));
        return agrees;
    }

    private static List<TrainingProgress> Run(torch.Device device, UNet3D teacher, UNet3D student)
    {
        using UNet3D teacherThere = Copy(teacher, RandomCase.Modalities), studentThere = Copy(student, RandomCase.StudentModality);
        teacherThere.to(device);
        studentThere.to(device);
        using var cases = new DeviceCases(Steps, Edge, batchSize: 1);
        var steps = new StepLosses();
        TrainingOptions options = new OurWay().Training(steps) with { Epochs = 1, LearningRate = 1e-3, Precision = Precision.Full };
        new OurWay().Distillation(studentThere, teacherThere, options).Fit(cases);
        return steps.All;
    }

    // By hand and not by a seed: whether seeding works on the device is another check.
    private static UNet3D Copy(UNet3D network, params IReadOnlyList<string> modalities)
    {
        using IDisposable noGradient = no_grad();
        UNet3D copy = OurWay.Network(Width, modalities);
        foreach ((Parameter from, Parameter to) in network.parameters().Zip(copy.parameters()))
            to.copy_(from);
        return copy;
    }

    private static double Gap(double one, double other) => Math.Abs(one - other) / Math.Abs(one);

    private sealed class StepLosses : ITrainingCallback
    {
        public List<TrainingProgress> All { get; } = [];

        public void StepEnded(TrainingProgress progress) => All.Add(progress);
    }
}
