using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>Probabilities of a volume at once, and of a larger one window by window, all of them, with the logits averaged.</summary>
internal static class PlainInference
{
    public static void Volume(Gate gate, Setting setting)
    {
        using var network = new PlainUNet(RandomCase.Modalities.Count, RandomCase.Classes, setting.Width);
        using var item = new RandomCase(setting);
        gate.Computed = Parameters.Describe(network);
        network.eval();
        gate.Repeat(() =>
        {
            using var scope = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            nn.functional.softmax(network.call(item.Input()).Logits, 1);
        });
    }

    public static void SlidingWindow(Gate gate, Setting setting)
    {
        using var network = new PlainUNet(RandomCase.Modalities.Count, RandomCase.Classes, setting.Width);
        using var item = HeadCase.Load(setting);
        gate.Computed = Parameters.Describe(network);
        network.eval();
        gate.Repeat(() => Windows(network, item.Input(), HeadCase.Window).Dispose());
    }

    private static Tensor Windows(PlainUNet network, Tensor input, long window)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        long[] size = input.shape[2..];
        Tensor sum = zeros([input.shape[0], RandomCase.Classes, .. size]);
        Tensor count = zeros([1, 1, .. size]);
        foreach (long z in Starts(size[0], window))
        {
            foreach (long y in Starts(size[1], window))
            {
                foreach (long x in Starts(size[2], window))
                {
                    using var step = NewDisposeScope();
                    Tensor View(Tensor tensor) => tensor.narrow(2, z, window).narrow(3, y, window).narrow(4, x, window);
                    View(sum).add_(network.call(View(input)).Logits);
                    View(count).add_(ones(1));
                }
            }
        }

        return nn.functional.softmax(sum / count, 1).MoveToOuterDisposeScope();
    }

    // Half a window apart; the last one ends where the volume does.
    private static IEnumerable<long> Starts(long length, long window)
    {
        for (long start = 0; start + window < length; start += window / 2)
            yield return start;
        yield return length - window;
    }
}
