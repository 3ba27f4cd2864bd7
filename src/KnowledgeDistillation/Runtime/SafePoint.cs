namespace KnowledgeDistillation.Runtime;

/// <summary>A moment between two steps at which no native call is under way.</summary>
/// <remarks>
/// TorchSharp hands a number to native code as a managed object that nothing keeps alive during the call. A garbage collection in that moment,
/// started by another thread or running in the background, frees the number while it is still being read: the call fails, or computes with another number.
/// Collecting the few young objects of a step here makes a collection during a native call very unlikely.
/// </remarks>
internal static class SafePoint
{
    // Objects that outlive a collection, because the finalizer was late, are in generation 1, which nobody else would collect: the collector, seeing the
    // youngest collected so often, lets it grow. Once in so many steps costs next to nothing.
    private const uint StepsPerOlderCollection = 50;

    private static uint steps;

    public static void Collect()
    {
        bool older = Interlocked.Increment(ref steps) % StepsPerOlderCollection == 0;
        GC.Collect(older ? 1 : 0, GCCollectionMode.Forced, blocking: true);
        // What the finalizers free is free before the next step asks for as much again.
        GC.WaitForPendingFinalizers();
    }
}
