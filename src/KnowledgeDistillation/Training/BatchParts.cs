namespace KnowledgeDistillation.Training;

/// <summary>Reads a part of an epoch from any source.</summary>
internal static class BatchParts
{
    /// <summary>Refuses a part that is none of them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
    public static void Check(int part, int parts)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(part);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(part, parts);
    }

    /// <summary>See <see cref="IPartitionableBatchSource.ReadEpoch"/>.</summary>
    public static IEnumerable<Batch> Read(IBatchSource source, int epoch, int part, int parts) => (source, parts) switch
    {
        (_, 1) => source.ReadEpoch(epoch),
        (IPartitionableBatchSource partitionable, _) => partitionable.ReadEpoch(epoch, part, parts),
        _ => Skip(source.ReadEpoch(epoch), part, parts),
    };

    private static IEnumerable<Batch> Skip(IEnumerable<Batch> batches, int part, int parts)
    {
        int number = 0;
        foreach (Batch batch in batches)
        {
            if (number++ % parts == part)
                yield return batch;
            else
                batch.Dispose();
        }
    }
}
