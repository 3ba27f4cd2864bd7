namespace KnowledgeDistillation;

/// <summary>The precision that is set on this thread for the networks that run on it.</summary>
internal static class ComputePrecision
{
    [ThreadStatic]
    private static Precision current;

    public static Precision Current => current;

    /// <summary>Sets a precision until the result is disposed, on the same thread.</summary>
    public static Scope Use(Precision precision)
    {
        var scope = new Scope(current);
        current = precision;
        return scope;
    }

    internal readonly struct Scope(Precision before) : IDisposable
    {
        public void Dispose() => current = before;
    }
}
