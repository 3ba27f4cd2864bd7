using System.Numerics;
using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Metrics;

/// <summary>
/// The voxels of a 3-D grid that belong to one region. Stored with x fastest, so that a C-order tensor of shape
/// [Z, Y, X] = [D, H, W] has the same memory order.
/// </summary>
/// <remarks>Immutable and safe to share between threads. One byte a voxel.</remarks>
public sealed class VoxelMask
{
    private const double SmallestSpacing = 1e-6;
    private const double LargestSpacing = 1e6;
    private const int WidestTable = 1 << 16;

    private readonly byte[] _voxels;

    /// <summary>Makes a mask from one value a voxel, which are copied.</summary>
    /// <param name="voxels">True inside the region; x fastest, exactly
    /// <paramref name="sizeX"/>·<paramref name="sizeY"/>·<paramref name="sizeZ"/> values.</param>
    /// <param name="sizeX">Number of voxels along x, at least 1.</param>
    /// <param name="sizeY">Number of voxels along y, at least 1.</param>
    /// <param name="sizeZ">Number of voxels along z, at least 1.</param>
    /// <param name="spacing">Size of a voxel in mm, each between 1e-6 and 1e6.</param>
    /// <exception cref="ArgumentException">A size or a spacing is out of range, or the number of values is not that of the grid.</exception>
    public VoxelMask(ReadOnlySpan<bool> voxels, int sizeX, int sizeY, int sizeZ, Spacing spacing)
        : this(FromBooleans(voxels, sizeX, sizeY, sizeZ, spacing), sizeX, sizeY, sizeZ, spacing)
    {
    }

    private VoxelMask(byte[] voxels, int sizeX, int sizeY, int sizeZ, Spacing spacing) =>
        (_voxels, SizeX, SizeY, SizeZ, Spacing, Count) = (voxels, sizeX, sizeY, sizeZ, spacing, CountSet(voxels));

    /// <summary>Number of voxels along x, the fastest axis in memory.</summary>
    public int SizeX { get; }

    /// <summary>Number of voxels along y.</summary>
    public int SizeY { get; }

    /// <summary>Number of voxels along z, the slowest axis in memory.</summary>
    public int SizeZ { get; }

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
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)x, (uint)SizeX, nameof(x));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)SizeY, nameof(y));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)z, (uint)SizeZ, nameof(z));
            return _voxels[x + (SizeX * (y + (SizeY * z)))] != 0;
        }
    }

    /// <summary>One byte a voxel, 1 inside and 0 outside, x fastest.</summary>
    internal ReadOnlySpan<byte> Voxels => _voxels;

    /// <summary>The voxels of a label map whose label is one of <paramref name="labels"/>.</summary>
    /// <param name="labelMap">One label a voxel, x fastest, exactly <paramref name="sizeX"/>·<paramref name="sizeY"/>·<paramref name="sizeZ"/> of them.</param>
    /// <param name="sizeX">Number of voxels along x, at least 1.</param>
    /// <param name="sizeY">Number of voxels along y, at least 1.</param>
    /// <param name="sizeZ">Number of voxels along z, at least 1.</param>
    /// <param name="spacing">Size of a voxel in mm, each between 1e-6 and 1e6.</param>
    /// <param name="labels">The labels that make up the region, for example 1 and 3 for the tumor core.</param>
    /// <exception cref="ArgumentException">A size or a spacing is out of range, or the number of labels in the map is not that of the grid.</exception>
    public static VoxelMask FromLabels(ReadOnlySpan<int> labelMap, int sizeX, int sizeY, int sizeZ, Spacing spacing, params ReadOnlySpan<int> labels)
    {
        byte[] voxels = Allocate(labelMap.Length, sizeX, sizeY, sizeZ, spacing);
        if (labels.IsEmpty)
            return new VoxelMask(voxels, sizeX, sizeY, sizeZ, spacing);

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
                uint position = unchecked((uint)(labelMap[i] - lowest));
                voxels[i] = position < (uint)table.Length ? table[position] : (byte)0;
            }
        }
        else
        {
            for (int i = 0; i < labelMap.Length; i++)
                voxels[i] = labels.Contains(labelMap[i]) ? (byte)1 : (byte)0;
        }

        return new VoxelMask(voxels, sizeX, sizeY, sizeZ, spacing);
    }

    /// <summary>
    /// This mask, or an empty one where it has fewer than <paramref name="voxels"/> voxels: the usual clean-up of a predicted
    /// enhancing tumor that is too small to be one (RFNet, Ding et al. 2021, drops it below 500 voxels).
    /// </summary>
    /// <param name="voxels">The fewest voxels that are kept.</param>
    public VoxelMask DropIfSmallerThan(int voxels) =>
        IsEmpty || Count >= voxels ? this : new VoxelMask(new byte[_voxels.Length], SizeX, SizeY, SizeZ, Spacing);

    /// <summary>Refuses masks that do not lie on the same grid.</summary>
    internal static void RequireSameGrid(VoxelMask prediction, VoxelMask reference)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(reference);
        if ((prediction.SizeX, prediction.SizeY, prediction.SizeZ) != (reference.SizeX, reference.SizeY, reference.SizeZ))
        {
            throw new ArgumentException(
                $"The prediction has {prediction.SizeX}×{prediction.SizeY}×{prediction.SizeZ} voxels but the reference has "
                    + $"{reference.SizeX}×{reference.SizeY}×{reference.SizeZ}; resample one onto the grid of the other.",
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

    private static byte[] FromBooleans(ReadOnlySpan<bool> values, int sizeX, int sizeY, int sizeZ, Spacing spacing)
    {
        byte[] voxels = Allocate(values.Length, sizeX, sizeY, sizeZ, spacing);
        for (int i = 0; i < values.Length; i++)
            voxels[i] = values[i] ? (byte)1 : (byte)0;
        return voxels;
    }

    private static byte[] Allocate(int count, int sizeX, int sizeY, int sizeZ, Spacing spacing)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeX, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeY, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeZ, 1);
        if ((Int128)sizeX * sizeY * sizeZ != count)
            throw new ArgumentException($"A grid of {sizeX}×{sizeY}×{sizeZ} voxels needs {(Int128)sizeX * sizeY * sizeZ} values, but {count} were given.");
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
