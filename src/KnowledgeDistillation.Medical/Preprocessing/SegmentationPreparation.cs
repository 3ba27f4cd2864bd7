using System.Runtime.InteropServices;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Labels on disk to classes of the subsampled crop, and the count of what the whole volume holds.</summary>
internal static class SegmentationPreparation
{
    /// <exception cref="InvalidDataException">Labels are unknown, or contradict each other.</exception>
    public static (byte[] Classes, ForegroundVoxels Foreground, LabelMap Labels) Prepare(
        StoredCase source, Reorientation toRas, PreprocessingGeometry geometry)
    {
        OrientedVoxels voxels = OrientedVoxels.OfLabels(source.Segmentation!, toRas);
        Dictionary<int, (int All, int Kept)> counts = Count(voxels, geometry);
        LabelMap labels = source.LabelsFor(counts.Keys.ToHashSet());
        labels.RequireKnown(counts.Keys);

        byte[] classes = geometry.Resampling is { } change
            ? Subsample(OrientedVoxels.Of(change.Classes(Whole(voxels, labels)), change.Target), geometry, number => (byte)number)
            : Subsample(voxels, geometry, label => labels.ClassOf(label)!.Value);
        return (classes, Foreground(counts, labels), labels);
    }

    /// <summary>What the whole volume holds, by class.</summary>
    /// <param name="counts">How often each label but 0 occurs in the whole volume and in the crop.</param>
    /// <param name="labels">What they mean.</param>
    public static ForegroundVoxels Foreground(IReadOnlyDictionary<int, (int All, int Kept)> counts, LabelMap labels)
    {
        int[] perClass = new int[labels.Names.Count];
        int kept = 0;
        foreach ((int label, (int all, int inCrop)) in counts)
        {
            if (labels.ClassOf(label) is not (byte number and > 0 and < LabelMap.Ignored))
                continue;
            perClass[number] += all;
            kept += inCrop;
        }

        return new ForegroundVoxels(perClass.Skip(1), kept);
    }

    // How often each label but 0 occurs in the whole volume and in the crop; from run to run, because labels come in large patches.
    public static Dictionary<int, (int All, int Kept)> Count(OrientedVoxels voxels, PreprocessingGeometry geometry)
    {
        Dictionary<int, (int All, int Kept)> counts = [];
        VolumeGrid grid = voxels.Grid;
        ((int From, int To) keptX, (int From, int To) keptY, (int From, int To) keptZ) = (geometry.Kept(0), geometry.Kept(1), geometry.Kept(2));
        int[] row = new int[grid.Size.X];
        for (int z = 0; z < grid.Size.Z; z++)
        {
            for (int y = 0; y < grid.Size.Y; y++)
            {
                if (voxels.IsZeroRow(y, z))
                    continue;
                voxels.ReadRow(y, z, row);
                bool rowInside = y >= keptY.From && y < keptY.To && z >= keptZ.From && z < keptZ.To;
                for (int from = 0, to; from < row.Length; from = to)
                {
                    to = row.AsSpan(from).IndexOfAnyExcept(row[from]) is int length and > 0 ? from + length : row.Length;
                    if (row[from] == 0)
                        continue;
                    ref (int All, int Kept) count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, row[from], out _);
                    count.All += to - from;
                    if (rowInside)
                        count.Kept += Math.Max(0, Math.Min(to, keptX.To) - Math.Max(from, keptX.From));
                }
            }
        }

        return counts;
    }

    private static byte[] Whole(OrientedVoxels voxels, LabelMap labels)
    {
        VolumeSize size = voxels.Grid.Size;
        byte[] result = new byte[size.VoxelCount];
        int[] row = new int[size.X];
        for (int line = 0; line < size.Y * size.Z; line++)
        {
            if (voxels.IsZeroRow(line % size.Y, line / size.Y))
                continue;
            voxels.ReadRow(line % size.Y, line / size.Y, row);
            for (int x = 0; x < row.Length; x++)
                result[(line * size.X) + x] = row[x] == 0 ? (byte)0 : labels.ClassOf(row[x])!.Value;
        }

        return result;
    }

    private static byte[] Subsample(OrientedVoxels voxels, PreprocessingGeometry geometry, Func<int, byte> classOf)
    {
        (VolumeSize size, VolumeGrid grid) = (geometry.Size, voxels.Grid);
        int factor = geometry.SubsamplingFactor, nearest = (factor - 1) / 2;
        byte[] result = new byte[size.VoxelCount];
        int[] row = new int[grid.Size.X];
        for (int z = 0; z < size.Z; z++)
        {
            int k = geometry.CropOffset.Z + (z * factor) + nearest;
            for (int y = 0; y < size.Y; y++)
            {
                int j = geometry.CropOffset.Y + (y * factor) + nearest;
                if ((uint)j >= (uint)grid.Size.Y || (uint)k >= (uint)grid.Size.Z || voxels.IsZeroRow(j, k))
                    continue;
                voxels.ReadRow(j, k, row);
                Span<byte> target = result.AsSpan(size.X * (y + (size.Y * z)), size.X);
                for (int x = 0; x < target.Length; x++)
                {
                    int i = geometry.CropOffset.X + (x * factor) + nearest;
                    if ((uint)i < (uint)row.Length)
                        target[x] = classOf(row[i]);
                }
            }
        }

        return result;
    }
}
