namespace KnowledgeDistillation.Runtime;

/// <summary>
/// How many weights the networks may have that are built on this thread. Set while a network is built by a recipe from a file, so that a small file
/// cannot ask for more memory than its weights take.
/// </summary>
internal static class WeightLimit
{
    [ThreadStatic]
    private static long? remaining;

    /// <summary>Sets the limit until the result is disposed, on the same thread.</summary>
    public static Scope Use(long weights)
    {
        var scope = new Scope(remaining);
        remaining = weights;
        return scope;
    }

    /// <summary>Counts the weights of a parameter that is about to be made.</summary>
    /// <exception cref="ArgumentException">They are more than may still be made.</exception>
    public static void Count(params ReadOnlySpan<long> shape)
    {
        if (remaining is not long left)
            return;
        Int128 count = 1;
        foreach (long length in shape)
            count *= length;
        if (count > left)
            throw new ArgumentException("the network has more weights than the file beside its description");
        remaining = left - (long)count;
    }

    internal readonly struct Scope(long? before) : IDisposable
    {
        public void Dispose() => remaining = before;
    }
}
