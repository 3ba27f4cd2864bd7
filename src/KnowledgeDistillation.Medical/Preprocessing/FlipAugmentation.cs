namespace KnowledgeDistillation.Medical;

/// <summary>
/// A random flip along each axis with probability 1/2 ("a random flip along each axis for data augmentation"). The draw depends on
/// nothing but seed, epoch and case, on every platform and in every version, so that a resumed training sees what an
/// uninterrupted one would have seen.
/// </summary>
public static class FlipAugmentation
{
    /// <summary>The flips of a case in an epoch; the same for its images and its labels.</summary>
    public static Flips Draw(long seed, int epoch, string caseId)
    {
        ArgumentNullException.ThrowIfNull(caseId);
        ulong bits = new StableRandom(StableRandom.Key(seed, epoch, StableRandom.Key(caseId))).NextUInt64() >> 61;
        return new Flips((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
    }
}
