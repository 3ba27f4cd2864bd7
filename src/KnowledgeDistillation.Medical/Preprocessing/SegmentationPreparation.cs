using System.Runtime.InteropServices;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Labels on disk to classes of the subsampled crop, and the count of what the whole volume holds.</summary>
internal static class SegmentationPreparation
{
    /// <exception cref="InvalidDataException">Labels are unknown, or contradict each other.</exception>
    public static (byte[] Classes, TumorVoxels Tumor, BraTSLabelConvention Labels) Prepare(
        StoredCase source, Reorientation toRas, PreprocessingGeometry geometry)
    {
        OrientedVoxels voxels = OrientedVoxels.OfLabels(source.Segmentation!, toRas);
        Dictionary<int, (int All, int Kept)> counts = Count(voxels, geometry);
        BraTSLabelConvention labels = source.Labels ?? BraTSLabelConvention.Detect(counts.ContainsKey(3), counts.ContainsKey(4), source.Fallback);
        labels.RequireNone([.. counts.Keys.Where(label => labels.ClassOf(label) is null)]);

        Span<int> all = stackalloc int[4];
        int kept = 0;
        foreach ((int label, (int All, int Kept) count) in counts)
        {
            all[labels.ClassOf(label)!.Value] += count.All;
            kept += count.Kept;
        }

        var tumor =
            new TumorVoxels(all[BraTSLabelConvention.NecrosisClass], all[BraTSLabelConvention.EdemaClass], all[BraTSLabelConvention.EnhancingClass], kept);
        return (Subsample(voxels, geometry, labels), tumor, labels);
    }

    // How often each label but 0 occurs in the whole volume and in the crop; from run to run, because labels come in large patches.
    private static Dictionary<int, (int All, int Kept)> Count(OrientedVoxels voxels, PreprocessingGeometry geometry)
    {
        Dictionary<int, (int All, int Kept)> counts = [];
        ((int ox, int oy, int oz), VolumeSize crop, VolumeGrid grid) = (geometry.CropOffset, geometry.CropSize, voxels.Grid);
        int[] row = new int[grid.SizeX];
        for (int z = 0; z < grid.SizeZ; z++)
        {
            for (int y = 0; y < grid.SizeY; y++)
            {
                if (voxels.IsZeroRow(y, z))
                    continue;
                voxels.ReadRow(y, z, row);
                bool rowInside = y >= oy && y < oy + crop.Y && z >= oz && z < oz + crop.Z;
                for (int from = 0, to; from < row.Length; from = to)
                {
                    to = row.AsSpan(from).IndexOfAnyExcept(row[from]) is int length and > 0 ? from + length : row.Length;
                    if (row[from] == 0)
                        continue;
                    ref (int All, int Kept) count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, row[from], out _);
                    count.All += to - from;
                    if (rowInside)
                        count.Kept += Math.Max(0, Math.Min(to, ox + crop.X) - Math.Max(from, ox));
                }
            }
        }

        return counts;
    }

    private static byte[] Subsample(OrientedVoxels voxels, PreprocessingGeometry geometry, BraTSLabelConvention labels)
    {
        (VolumeSize size, VolumeGrid grid) = (geometry.Size, voxels.Grid);
        int factor = geometry.SubsamplingFactor, nearest = (factor - 1) / 2;
        byte[] result = new byte[size.VoxelCount];
        int[] row = new int[grid.SizeX];
        for (int z = 0; z < size.Z; z++)
        {
            int k = geometry.CropOffset.Z + (z * factor) + nearest;
            for (int y = 0; y < size.Y; y++)
            {
                int j = geometry.CropOffset.Y + (y * factor) + nearest;
                if ((uint)j >= (uint)grid.SizeY || (uint)k >= (uint)grid.SizeZ || voxels.IsZeroRow(j, k))
                    continue;
                voxels.ReadRow(j, k, row);
                Span<byte> target = result.AsSpan(size.X * (y + (size.Y * z)), size.X);
                for (int x = 0; x < target.Length; x++)
                {
                    int i = geometry.CropOffset.X + (x * factor) + nearest;
                    if ((uint)i < (uint)row.Length)
                        target[x] = labels.ClassOf(row[i])!.Value;
                }
            }
        }

        return result;
    }
}
