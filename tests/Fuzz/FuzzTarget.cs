namespace KnowledgeDistillation.Fuzz;

/// <summary>Something that reads what it did not write. Made once; then it is given damaged input again and again.</summary>
internal abstract class FuzzTarget
{
    /// <summary>Sound inputs to begin with.</summary>
    public abstract IReadOnlyList<byte[]> Sound { get; }

    /// <summary>Words that mean something in the input, to be put in where others stand.</summary>
    public virtual IReadOnlyList<string> Words => [];

    /// <summary>The most that a read may allocate, in bytes.</summary>
    public virtual long MostMemory => 64 << 20;

    /// <summary>Reads an input and checks what came out of it.</summary>
    /// <returns>Whether the input was accepted; false where it was refused with a documented exception.</returns>
    /// <exception cref="FuzzException">It was accepted, but what came out is wrong.</exception>
    public abstract bool Accepts(byte[] input);
}
