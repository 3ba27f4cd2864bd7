using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Medical.Preprocessing;

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
        long bits = SeedMixer.Mix(seed, epoch, KeyOf(caseId));
        return new Flips((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
    }

    /// <summary>A number for a name, FNV-1a over its UTF-8 bytes: <see cref="string.GetHashCode()"/> differs from run to run.</summary>
    internal static long KeyOf(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte letter in System.Text.Encoding.UTF8.GetBytes(name))
            hash = (hash ^ letter) * 0x100000001B3;
        return (long)hash;
    }
}
