using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>
/// The precision that is set on this thread for the networks that run on it. Trainers, teachers and inference set it;
/// the library's networks follow it, and a network of your own may.
/// </summary>
/// <remarks>
/// A network that takes part narrows the inputs and the weights of its costly operations (<see cref="ReducedPrecision.Narrow"/>) where
/// <see cref="Current"/> is <see cref="Precision.Mixed"/>, keeps its parameters and its logits in float32, and sums in float32.
/// Features may stay in bfloat16: losses see them widened.
/// </remarks>
public static class ComputePrecision
{
    [ThreadStatic]
    private static Precision current;

    /// <summary>What is set on this thread: <see cref="Precision.Full"/> (unless something was set) or <see cref="Precision.Mixed"/>.</summary>
    public static Precision Current => current;

    /// <summary>Sets a precision until the result is disposed, on the same thread; <see cref="Precision.Fastest"/> becomes what it is on a device.</summary>
    internal static Scope Use(Precision precision, Device device)
    {
        var scope = new Scope(current);
        current = precision == Precision.Fastest ? TorchRuntime.FastestPrecision(device.type) : precision;
        return scope;
    }

    internal readonly struct Scope(Precision before) : IDisposable
    {
        public void Dispose() => current = before;
    }
}
