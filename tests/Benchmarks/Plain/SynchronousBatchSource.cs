using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>Batches of one case, each read when it is asked for.</summary>
internal sealed class SynchronousBatchSource(IReadOnlyList<CachedCase> cases) : IBatchSource
{
    public int BatchCount => cases.Count;

    public IEnumerable<Batch> ReadEpoch(int epoch)
    {
        Random random = new(epoch);
        CachedCase[] order = [.. cases];
        random.Shuffle(order);
        foreach (CachedCase item in order)
            yield return PlainLoader.Read(item, random);
    }
}
