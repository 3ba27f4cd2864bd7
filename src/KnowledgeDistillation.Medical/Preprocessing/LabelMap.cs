using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Which numbers in segmentation files stand for which classes. Class 0 is background and 0 on disk too; the other classes are numbered
/// from 1 in the order in which they are given. Further numbers may stand for one of the classes too, for background, or for nothing that counts.
/// </summary>
/// <remarks>Two maps are equal if their numbers are; names only serve messages. Immutable and safe to share between threads.</remarks>
public sealed record LabelMap
{
    /// <summary>The class, 255, of voxels that are left out of losses and scores.</summary>
    public const int Ignored = LabelScheme.Ignored;

    private const int MostClasses = byte.MaxValue - 1;

    // By class, with background.
    private readonly int[] _labels;

    private readonly SortedDictionary<int, byte> _others = [];

    /// <summary>Makes a map.</summary>
    /// <param name="classes">The name and the number on disk of class 1, 2 and so on: 1 to 254 classes, whose names and numbers differ.</param>
    /// <exception cref="ArgumentException">There are too few or too many classes, or two have the same name or number, or one has number 0.</exception>
    public LabelMap(params IEnumerable<(string Name, int Label)> classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        (string Name, int Label)[] all = [("background", 0), .. classes];
        if (all.Length is < 2 or > MostClasses + 1)
            throw new ArgumentException($"A label map needs 1 to {MostClasses} classes besides background, but has {all.Length - 1}.", nameof(classes));
        if (all.DistinctBy(item => item.Name).Count() < all.Length || all.DistinctBy(item => item.Label).Count() < all.Length)
        {
            throw new ArgumentException(
                "The classes of a label map need names and numbers of their own, but they are "
                    + $"{string.Join(", ", all.Select(item => $"{item.Label} ({item.Name})"))}.",
                nameof(classes));
        }

        (Names, _labels) = ([.. all.Select(item => item.Name)], [.. all.Select(item => item.Label)]);
    }

    /// <summary>Makes a map with further numbers, which are read but never written.</summary>
    /// <param name="classes">The name and the number on disk of class 1, 2 and so on: 1 to 254 classes, whose names and numbers differ.</param>
    /// <param name="others">The class of each further number: one of the classes, into which it is folded, 0, so that it counts as background, or
    /// <see cref="Ignored"/>, so that it is left out of losses and scores.</param>
    /// <exception cref="ArgumentException">
    /// There are too few or too many classes, two have the same name or number, one has number 0, or a further number is 0, that of a class, or of no class.
    /// </exception>
    public LabelMap(IEnumerable<(string Name, int Label)> classes, IReadOnlyDictionary<int, int> others)
        : this(classes)
    {
        ArgumentNullException.ThrowIfNull(others);
        foreach ((int label, int classNumber) in others)
        {
            if (ClassOf(label) is not null || classNumber < 0 || (classNumber >= _labels.Length && classNumber != Ignored))
            {
                throw new ArgumentException(
                    $"A further label of a map needs a number of its own and a class from 0 to {_labels.Length - 1} or {Ignored}, "
                        + $"but label {label} is to be {classNumber} "
                        + $"beside {this}.",
                    nameof(others));
            }

            _others.Add(label, (byte)classNumber);
        }
    }

    /// <summary>The name of each class, background included.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>
    /// The class of each further number that is read but never written; 0 where it counts as background, <see cref="Ignored"/> where it is left out.
    /// </summary>
    public IReadOnlyDictionary<int, int> Others => _others.ToDictionary(other => other.Key, other => (int)other.Value);

    /// <summary>The number on disk of a class.</summary>
    /// <param name="classNumber">The class, from 0 (background) to the number of <see cref="Names"/> less one.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public int LabelOf(int classNumber) => classNumber >= 0 && classNumber < _labels.Length
        ? _labels[classNumber]
        : throw new ArgumentOutOfRangeException(nameof(classNumber), classNumber, $"Classes are numbered from 0 to {_labels.Length - 1}.");

    /// <summary>The class of a number on disk; null where it stands for none.</summary>
    public byte? ClassOf(int label) => label == 0 ? (byte)0
        : Array.IndexOf(_labels, label) is int found and >= 0 ? (byte)found
        : _others.TryGetValue(label, out byte other) ? other
        : null;

    /// <summary>Labels on disk to classes, x fastest.</summary>
    /// <exception cref="InvalidDataException">A label stands for no class; the message names all such labels.</exception>
    public byte[] ToClasses(Volume<int> segmentation)
    {
        ArgumentNullException.ThrowIfNull(segmentation);
        int[] labels = segmentation.Voxels;
        byte[] classes = new byte[labels.Length];
        HashSet<int> unknown = [];
        for (int i = 0; i < labels.Length; i++)
        {
            int label = labels[i];
            if (label == 0)
                continue;
            if (ClassOf(label) is byte known)
                classes[i] = known;
            else
                unknown.Add(label);
        }

        RequireKnown(unknown);
        return classes;
    }

    /// <summary>Classes back to labels on disk.</summary>
    /// <param name="grid">Where the voxels lie.</param>
    /// <param name="classes">One class per voxel, x fastest.</param>
    /// <exception cref="ArgumentException">There are fewer or more classes than voxels, or one is unknown.</exception>
    public Volume<int> ToLabels(VolumeGrid grid, ReadOnlySpan<byte> classes)
    {
        ArgumentNullException.ThrowIfNull(grid);
        int[] voxels = new int[classes.Length];
        for (int i = 0; i < classes.Length; i++)
        {
            if (classes[i] >= _labels.Length)
            {
                throw new ArgumentException(
                    $"Class {classes[i]} at voxel {i} is none of {Enumerate(number => $"{number} ({Names[number]})")}.", nameof(classes));
            }

            voxels[i] = _labels[classes[i]];
        }

        return new Volume<int>(grid, voxels);
    }

    /// <inheritdoc/>
    public bool Equals(LabelMap? other) => other is not null
        && _labels.AsSpan().SequenceEqual(other._labels) && _others.SequenceEqual(other._others);

    /// <inheritdoc/>
    public override int GetHashCode() => _labels.Aggregate(_labels.Length, HashCode.Combine);

    /// <summary>For example "0, 1 (necrosis), 2 (edema) and 3 (enhancing tumor), besides 4 (ignored)".</summary>
    public override string ToString() => Enumerate(number => number == 0 ? "0" : $"{_labels[number]} ({Names[number]})")
        + (_others.Count == 0
            ? ""
            : ", besides " + string.Join(", ", _others.Select(other => $"{other.Key} ({(other.Value == Ignored ? "ignored" : Names[other.Value])})")));

    /// <summary>Refuses labels that stand for no class.</summary>
    /// <exception cref="InvalidDataException">There are such labels; the message names the first of them.</exception>
    internal void RequireKnown(IEnumerable<int> labels)
    {
        int[] unknown = [.. labels.Where(label => ClassOf(label) is null).Order()];
        if (unknown.Length > 0)
        {
            throw new InvalidDataException(
                $"The segmentation holds unknown labels ({string.Join(", ", unknown.Take(5))}{(unknown.Length > 5 ? ", …" : "")}); expected {this}.");
        }
    }

    private string Enumerate(Func<int, string> describe)
    {
        string[] all = [.. Enumerable.Range(0, _labels.Length).Select(describe)];
        return $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }
}
