namespace KnowledgeDistillation.Training;

/// <summary>Turns a seed and some numbers into one seed whose bits depend on all of them, the same on every machine.</summary>
public static class SeedMixer
{
    /// <summary>Mixes.</summary>
    /// <param name="seed">The user's seed.</param>
    /// <param name="parts">What the random numbers are for, for example the epoch.</param>
    /// <returns>A seed of 63 bits, at least 0.</returns>
    public static long Mix(long seed, params ReadOnlySpan<long> parts)
    {
        ulong state = Scramble((ulong)seed);
        foreach (long part in parts)
            state = Scramble(state ^ Scramble((ulong)part + 0x9E3779B97F4A7C15));
        return (long)(state >> 1);
    }

    // The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    private static ulong Scramble(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
