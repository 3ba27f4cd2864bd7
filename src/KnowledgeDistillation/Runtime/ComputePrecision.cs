using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>The precision that is set on this thread for the networks that run on it: full or mixed.</summary>
internal static class ComputePrecision
{
    [ThreadStatic]
    private static Precision current;

    public static Precision Current => current;

    /// <summary>Sets a precision until the result is disposed, on the same thread; <see cref="Precision.Fastest"/> becomes what it is on a device.</summary>
    public static Scope Use(Precision precision, Device device)
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
