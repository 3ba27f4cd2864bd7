namespace KnowledgeDistillation;

/// <summary>
/// A batch source that can leave out batches without loading them. Several processes that train together (<see cref="ICollective"/>) each need a part of an
/// epoch; of a source that is not partitionable each process reads all batches and throws away those of the others.
/// </summary>
public interface IPartitionableBatchSource : IBatchSource
{
    /// <summary>Reads a part of the batches of an epoch: those whose number, counted from 0, leaves the remainder <paramref name="part"/>.</summary>
    /// <param name="epoch">Number of the epoch, from 0.</param>
    /// <param name="part">Which part, from 0.</param>
    /// <param name="parts">How many parts there are, at least 1. Together they are exactly the batches of <see cref="IBatchSource.ReadEpoch"/>.</param>
    /// <returns>The batches, each to be disposed by the caller.</returns>
    /// <exception cref="ArgumentOutOfRangeException">When the first batch is asked for: there is no such part.</exception>
    IEnumerable<Batch> ReadEpoch(int epoch, int part, int parts);
}
