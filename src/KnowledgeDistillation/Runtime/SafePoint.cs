namespace KnowledgeDistillation.Runtime;

/// <summary>A moment between two steps at which no native call is under way.</summary>
/// <remarks>
/// TorchSharp hands a number to native code as a managed object that nothing keeps alive during the call. A garbage collection in that moment,
/// started by another thread or running in the background, frees the number while it is still being read: the call fails, or computes with another number.
/// Collecting the few young objects of a step here makes a collection during a native call very unlikely.
/// </remarks>
internal static class SafePoint
{
    public static void Collect() => GC.Collect(generation: 0, GCCollectionMode.Forced, blocking: true);
}
