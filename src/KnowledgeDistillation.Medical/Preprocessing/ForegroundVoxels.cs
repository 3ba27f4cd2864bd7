namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// How many voxels of each class other than background a case has, and how many of them the crop keeps; at the original resolution.
/// </summary>
/// <remarks>Two are equal if all their numbers are. Immutable and safe to share between threads.</remarks>
public sealed record ForegroundVoxels
{
    private readonly int[] _perClass;

    /// <summary>Holds counts.</summary>
    /// <param name="perClass">The voxels of class 1, 2 and so on in the whole volume.</param>
    /// <param name="kept">The voxels of any of these classes inside the crop.</param>
    public ForegroundVoxels(IEnumerable<int> perClass, int kept)
    {
        ArgumentNullException.ThrowIfNull(perClass);
        (_perClass, Kept) = ([.. perClass], kept);
    }

    /// <summary>The number of classes, without background.</summary>
    public int ClassCount => _perClass.Length;

    /// <summary>Voxels of any of these classes inside the crop.</summary>
    public int Kept { get; }

    /// <summary>Voxels of any of these classes in the whole volume.</summary>
    public int Total => _perClass.Sum();

    /// <summary>The share of these voxels that the crop cuts off, 0 to 1; 0 where there are none.</summary>
    public double LostShare => Total == 0 ? 0 : (Total - Kept) / (double)Total;

    /// <summary>The voxels of a class in the whole volume.</summary>
    /// <param name="classNumber">The class, from 1 to <see cref="ClassCount"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class, or it is background.</exception>
    public int this[int classNumber] => classNumber >= 1 && classNumber <= ClassCount
        ? _perClass[classNumber - 1]
        : throw new ArgumentOutOfRangeException(nameof(classNumber), classNumber, $"Classes other than background are numbered from 1 to {ClassCount}.");

    /// <inheritdoc/>
    public bool Equals(ForegroundVoxels? other) => other is not null && Kept == other.Kept && _perClass.AsSpan().SequenceEqual(other._perClass);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kept, Total, ClassCount);

    /// <summary>For example "120, 80, 40, of which the crop keeps 230".</summary>
    public override string ToString() => $"{string.Join(", ", _perClass)}, of which the crop keeps {Kept}";
}
