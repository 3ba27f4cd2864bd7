using KnowledgeDistillation.Benchmarks.Report;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>Whether anything works at all: a tensor on the device, a product, a convolution forward and backward, a seed.</summary>
internal static class FirstTensors
{
    // Convolutions with inputs rounded to TF32 differ by about 1e-3.
    private const double LargestGap = 5e-3;

    public static bool Check(DeviceSetting setting)
    {
        using var scope = NewDisposeScope();
        DeviceResult.Print(("machine", Machine.Describe()), ("devices", cuda.device_count()), ("cudnn", cuda.is_cudnn_available()));
        DeviceResult.Print(("sum of ones on the device", ones(2, 3, device: setting.Device).sum().cpu().item<float>()));
        using var generator = new Generator(1);
        Tensor left = randn([64, 64], generator: generator), right = randn([64, 64], generator: generator);
        double product = Gap(left.matmul(right), left.to(setting.Device).matmul(right.to(setting.Device)));
        DeviceResult.Print(("gap of a product", product));
        Tensor image = randn([1, 4, 16, 16, 16], generator: generator), weight = randn([8, 4, 3, 3, 3], generator: generator);
        (Tensor Result, Tensor Gradient) onCpu = Convolve(image, weight), onDevice = Convolve(image.to(setting.Device), weight.to(setting.Device));
        (double forward, double backward) = (Gap(onCpu.Result, onDevice.Result), Gap(onCpu.Gradient, onDevice.Gradient));
        DeviceResult.Print(("gap of a convolution", forward), ("gap of its gradient", backward), ("gaps may be", LargestGap));
        return new[] { product, forward, backward }.All(gap => gap <= LargestGap);
    }

    /// <summary>
    /// In a process of its own: TorchSharp's seeding calls functions of the GPU by their position in a table, which another libtorch may have moved.
    /// </summary>
    public static bool CheckSeeds(DeviceSetting setting)
    {
        using var scope = NewDisposeScope();
        cuda.manual_seed_all(1);
        DeviceResult.Print(("cuda.manual_seed_all", "works"));
        manual_seed(1);
        bool isSame = Draw(setting).equal(Draw(setting)).all().item<bool>();
        DeviceResult.Print(("manual_seed", isSame ? "works" : "does not fix what the device draws"));
        return isSame;
    }

    private static Tensor Draw(DeviceSetting setting)
    {
        manual_seed(2);
        return randn([8], device: setting.Device);
    }

    private static (Tensor Result, Tensor Gradient) Convolve(Tensor image, Tensor weight)
    {
        Tensor learned = weight.detach().requires_grad_(true);
        Tensor result = nn.functional.conv3d(image, learned, padding: [1, 1, 1]);
        result.square().mean().backward();
        return (result.detach(), learned.grad!);
    }

    private static double Gap(Tensor expected, Tensor found) =>
        ((expected - found.cpu()).abs().max() / expected.abs().max()).to(ScalarType.Float64).item<double>();
}
