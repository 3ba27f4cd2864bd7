using System.Numerics;
using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Metrics;

/// <summary>
/// The voxels of a 3-D grid that belong to one region. Stored with x fastest, so that a C-order tensor of shape
/// [Z, Y, X] = [D, H, W] has the same memory order.
/// </summary>
/// <remarks>Immutable and safe to share between threads. One byte per voxel.</remarks>
public sealed class VoxelMask
{
    private const double SmallestSpacing = 1e-6;
    private const double LargestSpacing = 1e6;
    private const int WidestTable = 1 << 16;

    private readonly byte[] _voxels;

    /// <summary>Makes a mask from one value per voxel, which are copied.</summary>
    /// <param name="voxels">True inside the region; x fastest, exactly as many values as the size has voxels.</param>
    /// <param name="size">Number of voxels along each axis, at least 1.</param>
    /// <param name="spacing">Size of a voxel in mm, each between 1e-6 and 1e6.</param>
    /// <exception cref="ArgumentException">The size or the spacing is out of range, or the number of values is not that of the grid.</exception>
    public VoxelMask(ReadOnlySpan<bool> voxels, VolumeSize size, Spacing spacing)
        : this(FromBooleans(voxels, size, spacing), size, spacing)
    {
    }

    private VoxelMask(byte[] voxels, VolumeSize size, Spacing spacing) => (_voxels, Size, Spacing, Count) = (voxels, size, spacing, CountSet(voxels));

    /// <summary>Number of voxels along each axis.</summary>
    public VolumeSize Size { get; }

    /// <summary>The size of a voxel in mm.</summary>
    public Spacing Spacing { get; }

    /// <summary>Number of voxels inside the region.</summary>
    public int Count { get; }

    /// <summary>Number of voxels of the grid.</summary>
    public int VoxelCount => _voxels.Length;

    /// <summary>Whether no voxel belongs to the region.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>Whether voxel (x, y, z) belongs to the region.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The voxel lies outside the grid.</exception>
    public bool this[int x, int y, int z]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)x, (uint)Size.X, nameof(x));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Size.Y, nameof(y));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)z, (uint)Size.Z, nameof(z));
            return _voxels[Size.IndexOf(x, y, z)] != 0;
        }
    }

    /// <summary>One byte per voxel, 1 inside and 0 outside, x fastest.</summary>
    internal ReadOnlySpan<byte> Voxels => _voxels;

    /// <summary>The voxels of a label map whose label is one of <paramref name="labels"/>.</summary>
    /// <typeparam name="T">The type in which labels are stored, for example <see cref="byte"/>; they are read in place.</typeparam>
    /// <param name="labelMap">One label per voxel, x fastest, exactly as many as the size has voxels.</param>
    /// <param name="size">Number of voxels along each axis, at least 1.</param>
    /// <param name="spacing">Size of a voxel in mm, each between 1e-6 and 1e6.</param>
    /// <param name="labels">The labels that make up the region, for example 1 and 3 for the tumor core.</param>
    /// <exception cref="ArgumentException">The size or the spacing is out of range, or the number of labels in the map is not that of the grid.</exception>
    public static VoxelMask FromLabels<T>(ReadOnlySpan<T> labelMap, VolumeSize size, Spacing spacing, params ReadOnlySpan<int> labels)
        where T : unmanaged, IBinaryInteger<T>
    {
        byte[] voxels = Allocate(labelMap.Length, size, spacing);
        if (labels.IsEmpty)
            return new VoxelMask(voxels, size, spacing);

        int lowest = int.MaxValue, highest = int.MinValue;
        foreach (int label in labels)
            (lowest, highest) = (Math.Min(lowest, label), Math.Max(highest, label));

        if ((long)highest - lowest < WidestTable)
        {
            byte[] table = new byte[highest - lowest + 1];
            foreach (int label in labels)
                table[label - lowest] = 1;
            for (int i = 0; i < labelMap.Length; i++)
            {
                // The difference may wrap around, but only to a value that lies beyond the table.
                ulong position = unchecked((ulong)(long.CreateSaturating(labelMap[i]) - lowest));
                voxels[i] = position < (ulong)table.Length ? table[position] : (byte)0;
            }
        }
        else
        {
            for (int i = 0; i < labelMap.Length; i++)
            {
                long label = long.CreateSaturating(labelMap[i]);
                voxels[i] = label == (int)label && labels.Contains((int)label) ? (byte)1 : (byte)0;
            }
        }

        return new VoxelMask(voxels, size, spacing);
    }

    /// <summary>
    /// This mask, or an empty one where it has fewer than <paramref name="voxels"/> voxels: the usual clean-up of a predicted
    /// enhancing tumor that is too small to be one (RFNet, Ding et al. 2021, drops it below 500 voxels).
    /// </summary>
    /// <param name="voxels">The fewest voxels that are kept.</param>
    public VoxelMask DropIfSmallerThan(int voxels) =>
        IsEmpty || Count >= voxels ? this : new VoxelMask(new byte[_voxels.Length], Size, Spacing);

    /// <summary>Refuses masks that do not lie on the same grid.</summary>
    internal static void RequireSameGrid(VoxelMask prediction, VoxelMask reference)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(reference);
        if (prediction.Size != reference.Size)
        {
            throw new ArgumentException(
                $"The prediction has {prediction.Size} voxels but the reference has {reference.Size}; resample one onto the grid of the other.",
                nameof(prediction));
        }
        if (prediction.Spacing != reference.Spacing)
        {
            throw new ArgumentException(
                $"The voxels of the prediction measure {prediction.Spacing} mm but those of the reference {reference.Spacing} mm; "
                    + "resample one onto the grid of the other.",
                nameof(prediction));
        }
    }

    /// <summary>The number of bytes that are 1 in a span of bytes that are 0 or 1.</summary>
    internal static int CountSet(ReadOnlySpan<byte> voxels)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(voxels);
        int count = 0;
        foreach (ulong word in words)
            count += BitOperations.PopCount(word);
        foreach (byte voxel in voxels[(words.Length * sizeof(ulong))..])
            count += voxel;
        return count;
    }

    private static byte[] FromBooleans(ReadOnlySpan<bool> values, VolumeSize size, Spacing spacing)
    {
        byte[] voxels = Allocate(values.Length, size, spacing);
        for (int i = 0; i < values.Length; i++)
            voxels[i] = values[i] ? (byte)1 : (byte)0;
        return voxels;
    }

    private static byte[] Allocate(int count, VolumeSize size, Spacing spacing)
    {
        size.Validate(nameof(size));
        if (size.VoxelCount != count)
            throw new ArgumentException($"A grid of {size} voxels needs {size.VoxelCount} values, but {count} were given.");
        if (!(InRange(spacing.X) && InRange(spacing.Y) && InRange(spacing.Z)))
        {
            throw new ArgumentException(
                $"The voxel size ({spacing.X}, {spacing.Y}, {spacing.Z}) mm is not usable: each must lie between {SmallestSpacing} and {LargestSpacing} mm.",
                nameof(spacing));
        }

        return new byte[count];

        // Written so that NaN fails.
        static bool InRange(double size) => size is >= SmallestSpacing and <= LargestSpacing;
    }
}
