namespace KnowledgeDistillation;

/// <summary>Where a trainer gets its batches from.</summary>
public interface IBatchSource
{
    /// <summary>Number of batches in one epoch, at least 1.</summary>
    int BatchCount { get; }

    /// <summary>
    /// Reads the batches of an epoch. The order and every augmentation follow from the epoch alone,
    /// so that a resumed fit sees the same as an uninterrupted one.
    /// </summary>
    /// <param name="epoch">Number of the epoch, from 0.</param>
    /// <returns>Exactly <see cref="BatchCount"/> batches, each to be disposed by the caller.</returns>
    IEnumerable<Batch> ReadEpoch(int epoch);
}
