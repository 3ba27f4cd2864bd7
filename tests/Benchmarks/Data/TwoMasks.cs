using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Benchmarks.Data;

/// <summary>Two regions to compare, on 240×240×155 voxels of 1 mm.</summary>
internal sealed record TwoMasks(bool[] Left, bool[] Right, VolumeSize Size)
{
    /// <summary>The tumor, and the same moved by a few voxels.</summary>
    public static TwoMasks Tumor(Setting setting)
    {
        Volume<int> labels = HeadData.Find(setting).Load().Segmentation!;
        VolumeGrid grid = labels.Grid;
        bool[] left = Array.ConvertAll(labels.Voxels, label => label != 0);
        bool[] right = new bool[left.Length];
        int shift = grid.IndexOf(3, 2, 1);
        left.AsSpan(0, left.Length - shift).CopyTo(right.AsSpan(shift));
        return new TwoMasks(left, right, grid.Size);
    }

    /// <summary>Half of all voxels, drawn at random: nearly every voxel lies on a surface.</summary>
    public static TwoMasks Noise(Setting setting)
    {
        VolumeSize size = setting.Quick ? new(120, 120, 77) : new(240, 240, 155);
        return new TwoMasks(Half(1), Half(2), size);

        bool[] Half(int seed)
        {
            Random random = new(seed);
            return [.. Enumerable.Range(0, size.VoxelCount).Select(_ => random.Next(2) == 0)];
        }
    }
}
