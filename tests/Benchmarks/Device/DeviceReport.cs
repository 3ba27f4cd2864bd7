using System.Diagnostics;
using System.Globalization;
using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Benchmarks.Report;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>
/// What only the device itself can show: whether it computes what the CPU computes, and how long steps and epochs of the paper's setting take on it.
/// Ends with 1 where it computes something else.
/// </summary>
internal static class DeviceReport
{
    private const string Usage =
        "Usage: Benchmarks device cpu|cuda [edge width cases], the edge a multiple of 16 from 32, for example: Benchmarks device cuda 64 30 190";

    // Except for rounding, the first loss is the same; later ones drift apart because sums are added in another order.
    private const double LargestFirstGap = 1e-4, LargestGap = 1e-2;

    private const int CurveSteps = 10, PaperEpochs = 500;

    public static int Run(IReadOnlyList<string> args)
    {
        int[] numbers = [64, 30, 190];
        bool isCuda = args is ["cuda", ..];
        if (args is not ["cpu" or "cuda", ..]
            || args.Count is not (1 or 4)
            || !args.Skip(1).All(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        if (args.Count == 4)
            numbers = [.. args.Skip(1).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        if (numbers[0] < 32 || numbers[0] % 16 != 0)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        DeviceType type = isCuda ? DeviceType.CUDA : DeviceType.CPU;
        try
        {
            TorchRuntime.EnsureAvailable(type);
        }
        catch (TorchBackendException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }

        Console.WriteLine(Machine.Describe());
        bool agrees = CompareWithCpu(new torch.Device(type));
        MeasureFits(new torch.Device(type), new Setting(numbers[0], numbers[1], 1, Environment.ProcessorCount, Quick: false), numbers[2]);
        return agrees ? 0 : 1;
    }

    private static bool CompareWithCpu(torch.Device device)
    {
        // cuDNN rounds the inputs of float32 convolutions to TF32 unless that is switched off: about 1e-3, which would hide a mistake.
        // The fits below use TF32.
        bool hadTensorFloat = backends.cudnn.allow_tf32;
        backends.cudnn.allow_tf32 = false;
        double[] onCpu = LossCurve(CPU), onDevice = LossCurve(device);
        backends.cudnn.allow_tf32 = hadTensorFloat;
        double[] gaps = [.. onCpu.Zip(onDevice, (one, other) => Math.Abs(one - other) / Math.Abs(one))];
        Console.WriteLine("\nTen KD steps, 32³, width 8, float32:\n| Step | Loss on the CPU | on the device | gap |\n|---|---|---|---|");
        for (int step = 0; step < CurveSteps; step++)
            Console.WriteLine(FormattableString.Invariant($"| {step + 1} | {onCpu[step]:0.000000} | {onDevice[step]:0.000000} | {gaps[step]:0.0e+0} |"));
        bool agrees = gaps[0] <= LargestFirstGap && gaps.Max() <= LargestGap;
        Console.WriteLine(
            FormattableString.Invariant($"{(agrees ? "Agrees" : "DOES NOT AGREE")}: the first gap may be {LargestFirstGap}, the others {LargestGap}."));
        return agrees;
    }

    private static double[] LossCurve(torch.Device device)
    {
        var steps = new StepTimes();
        manual_seed(1);
        using UNet3D teacher = OurWay.Network(8, RandomCase.Modalities);
        using UNet3D student = OurWay.Network(8, RandomCase.StudentModality);
        teacher.to(device);
        student.to(device);
        using var items = new RandomCase(new Setting(32, 8, CurveSteps, 1, Quick: false));
        TrainingOptions options = new OurWay().Training(steps) with { Epochs = 1, LearningRate = 1e-3 };
        new OurWay().Distillation(student, teacher, options).Fit(new InMemoryBatchSource(new ModalityImages(items.Images), items.Labels));
        return [.. steps.Losses];
    }

    private static void MeasureFits(torch.Device device, Setting setting, int cases)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\n{setting.Size}³, width {setting.Width}, batch 1, {cases} cases:\n| | ms per step | epoch | 500 epochs | memory of the GPU |\n"
            + $"|---|---|---|---|---|"));
        using var items = new RandomCase(setting with { Batch = cases });
        foreach (Precision precision in new[] { Precision.Full, Precision.Mixed })
        {
            var way = new OurWay { Precision = precision };
            foreach (bool withTeacher in new[] { false, true })
                MeasureFit(way, device, setting, items, withTeacher);
        }
    }

    // The teacher's answers are in the cache from the second epoch on.
    private static void MeasureFit(OurWay way, torch.Device device, Setting setting, RandomCase items, bool withTeacher)
    {
        var steps = new StepTimes();
        using UNet3D teacher = OurWay.Network(setting.Width, RandomCase.Modalities);
        using UNet3D student = OurWay.Network(setting.Width, RandomCase.StudentModality);
        teacher.to(device);
        student.to(device);
        TrainingOptions options = way.Training(steps) with { Epochs = 3 };
        ITrainer trainer = withTeacher ? way.Distillation(student, teacher, options) : way.Supervised(student, options);
        TrainingResult result = trainer.Fit(new InMemoryBatchSource(new ModalityImages(items.Images), items.Labels));
        double epoch = result.History[^1].Seconds;
        TimeSpan all = TimeSpan.FromSeconds(result.History[0].Seconds + ((PaperEpochs - 1) * epoch));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {(withTeacher ? "KD step, teacher cached" : "supervised step")}, {way.Precision} | {1000 * steps.Median:0.0} | {epoch:0.0} s | "
            + $"{all:d\\.hh\\:mm} | {GpuMemory()} |"));
    }

    private static string GpuMemory()
    {
        try
        {
            using Process query = Process.Start(
                new ProcessStartInfo("nvidia-smi", "--query-gpu=memory.used,utilization.gpu --format=csv,noheader") { RedirectStandardOutput = true })!;
            return query.StandardOutput.ReadToEnd().Trim().ReplaceLineEndings("; ");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "no nvidia-smi";
        }
    }
}
