
namespace KnowledgeDistillation.Medical;

/// <summary>
/// Random numbers that depend on nothing but the key: the same on every platform, runtime and run, which <see cref="Random"/>
/// and <see cref="string.GetHashCode()"/> do not promise. SplitMix64 (Steele, Lea and Flood 2014).
/// </summary>
internal struct StableRandom(ulong key)
{
    private const ulong Increment = 0x9E3779B97F4A7C15;
    private ulong _state = key;

    /// <summary>A key that mixes numbers; their order matters.</summary>
    public static ulong Key(params ReadOnlySpan<long> parts)
    {
        ulong key = Increment;
        foreach (long part in parts)
            key = Mix(key + Increment + Mix((ulong)part + Increment));
        return key;
    }

    /// <summary>A key of a text: FNV-1a over its UTF-8 bytes.</summary>
    public static long Key(string text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in System.Text.Encoding.UTF8.GetBytes(text))
            hash = (hash ^ b) * 0x100000001B3;
        return (long)hash;
    }

    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public ulong NextUInt64() => Mix(_state += Increment);

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double Between(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>Standard normal (Box-Muller).</summary>
    public double NextGaussian() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(Math.Tau * NextDouble());

    /// <summary>Uniform in 0 .. exclusiveMaximum - 1; the bias of the modulo is below 1e-9 for any list that fits in memory.</summary>
    public int NextInt(int exclusiveMaximum) => (int)(NextUInt64() % (ulong)exclusiveMaximum);

    /// <summary>Shuffles in place (Fisher-Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
