using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.QuickStart;

/// <summary>Noisy volumes with one sphere each, clearly seen in the modality "bright" and hardly in "faint".</summary>
internal static class Spheres
{
    public static Batch Create(int cases, int size, int seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        Tensor axis = arange(size, ScalarType.Float32);
        Tensor center = (rand([cases, 3], generator: generator) * size / 2) + (size / 4.0);
        Tensor radius = (rand([cases, 1, 1, 1], generator: generator) * size / 8) + (size / 6.0);
        Tensor Squared(int dimension, long[] shape) => (axis.reshape(shape) - center.select(1, dimension).reshape(cases, 1, 1, 1)).square();
        Tensor distance = (Squared(0, [1, size, 1, 1]) + Squared(1, [1, 1, size, 1]) + Squared(2, [1, 1, 1, size])).sqrt();
        Tensor inside = distance.lt(radius);
        Tensor Image(double contrast) => ((inside * contrast) + randn([cases, size, size, size], generator: generator)).unsqueeze(1).MoveToOuterDisposeScope();
        return new Batch(
            new ModalityImages(("bright", Image(contrast: 3)), ("faint", Image(contrast: 1))),
            inside.to(ScalarType.Int64).MoveToOuterDisposeScope(),
            [.. Enumerable.Range(0, cases).Select(number => $"sphere {number}")]);
    }

    public static double Dice(Tensor predicted, Tensor reference)
    {
        using var scope = NewDisposeScope();
        double common = (predicted * reference).sum().item<long>();
        return 2 * common / (predicted.sum() + reference.sum()).item<long>();
    }
}
