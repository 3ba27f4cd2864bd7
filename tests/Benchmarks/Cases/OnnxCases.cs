using System.Diagnostics;
using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.OnnxRuntime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>
/// The same student by torch and by ONNX Runtime, in seconds of CPU time on one thread: several threads of torch wait for each other in circles,
/// and the time of day says little on a machine that does other things, too.
/// </summary>
internal static class OnnxCases
{
    public const string Prefix = "ONNX";

    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        Case("64³", 64, new OnnxNetworkOptions()),
        Case("64³, memory arena", 64, new OnnxNetworkOptions { Configure = session => session.EnableCpuMemArena = true }),
        Case("128³", 128, new OnnxNetworkOptions()),
        Case("128³, memory arena", 128, new OnnxNetworkOptions { Configure = session => session.EnableCpuMemArena = true }),
    ];

    private static BenchmarkCase Case(string name, int size, OnnxNetworkOptions options) => new(
        $"{Prefix} {name}", "a volume by torch and by ONNX Runtime, CPU time", Torch, (gate, setting) => OnnxRuntime(gate, setting, options))
    {
        PlainName = "ONNX Runtime",
        PlainNeedsTorch = false,
        Repetitions = 7,
        Adapt = setting => setting with { Size = size, Batch = 1, Threads = 1 },
    };

    // Begins first, and so can write the file for the other side.
    private static void Torch(Gate gate, Setting setting)
    {
        random.manual_seed(1);
        UNet3D network = OurWay.Network(setting.Width, RandomCase.StudentModality);
        using var model = new SegmentationModel(network, OurWay.Labels);
        OnnxExport.Save(model, PathOf(setting));
        using Tensor image = tensor(Image(setting), [1, 1, setting.Size, setting.Size, setting.Size]);
        ModalityImages images = new((RandomCase.StudentModality, image));
        Repeat(gate, () =>
        {
            using var scope = NewDisposeScope();
            return Summary(model.PredictProbabilities(images)[0, 1].contiguous().data<float>().ToArray());
        });
    }

    private static void OnnxRuntime(Gate gate, Setting setting, OnnxNetworkOptions options)
    {
        using OnnxCasePredictor network = OnnxCasePredictor.Load(PathOf(setting), options with { Threads = setting.Threads });
        Dictionary<string, float[]> images = new() { [RandomCase.StudentModality] = Image(setting) };
        Repeat(gate, () => Summary(network.Probabilities(images, VolumeSize.Cube(setting.Size))[1]));
    }

    private static void Repeat(Gate gate, Func<string> predict)
    {
        while (gate.Wait())
        {
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            gate.Computed = predict();
            gate.Report((Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds);
        }
    }

    private static string Summary(float[] probabilities) => Digest.Of(probabilities.Average(value => (double)value));

    private static float[] Image(Setting setting)
    {
        var generator = new Random(1);
        return [.. Enumerable.Range(0, setting.Size * setting.Size * setting.Size).Select(_ => generator.NextSingle() - 0.5f)];
    }

    private static string PathOf(Setting setting) => Path.Combine(Path.GetTempPath(), $"kd-benchmarks-{setting.Width}.onnx");
}
