namespace KnowledgeDistillation.Training;

/// <summary>Shuffles by a seed, the same on every machine and every version of .NET.</summary>
public static class Shuffling
{
    /// <summary>Shuffles in place (Fisher and Yates), each step drawn from the seed and its number.</summary>
    public static void Shuffle<T>(Span<T> items, long seed)
    {
        for (int last = items.Length - 1; last > 0; last--)
        {
            int other = (int)(SeedMixer.Mix(seed, last) % (last + 1));
            (items[last], items[other]) = (items[other], items[last]);
        }
    }
}
