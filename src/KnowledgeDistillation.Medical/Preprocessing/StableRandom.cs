namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Random numbers that depend on nothing but the key: the same on every platform, runtime and run, which <see cref="Random"/>
/// does not guarantee. SplitMix64 (Steele, Lea and Flood 2014).
/// </summary>
internal struct StableRandom(ulong key)
{
    private const ulong Increment = 0x9E3779B97F4A7C15;
    private ulong _state = key;

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
}
