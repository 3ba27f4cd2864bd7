using System.Collections.Concurrent;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Hands out arrays of an exact length and takes them back. Reading ahead then allocates nothing after the first batches:
/// a garbage collection that the reading thread causes could happen during a native call of the training thread.
/// </summary>
internal sealed class ArrayRecycler
{
    private readonly ConcurrentDictionary<(Type Element, int Length), ConcurrentBag<Array>> _free = new();

    public T[] Rent<T>(int length)
        where T : unmanaged =>
        _free.TryGetValue((typeof(T), length), out ConcurrentBag<Array>? bag) && bag.TryTake(out Array? array)
            ? (T[])array
            : GC.AllocateUninitializedArray<T>(length);

    public void Return<T>(T[] array)
        where T : unmanaged => _free.GetOrAdd((typeof(T), array.Length), _ => []).Add(array);

    public void Return(PreprocessedCase item)
    {
        foreach (float[] image in item.Images.Values)
            Return(image);
        if (item.Classes is not null)
            Return(item.Classes);
    }
}
