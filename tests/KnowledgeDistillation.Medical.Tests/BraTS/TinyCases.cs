using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>Writes cases of a few voxels in the layouts of BraTS.</summary>
internal static class TinyCases
{
    public static readonly VolumeGrid Grid = new(new VolumeSize(4, 3, 2), new Affine(-1, 0, 0, 0, 0, -1, 0, 239, 0, 0, 1, 0));

    public static Volume<float> Image(float value, VolumeGrid? grid = null)
    {
        grid ??= Grid;
        float[] voxels = new float[grid.VoxelCount];
        for (int i = 0; i < voxels.Length; i++)
            voxels[i] = value + i;
        return new Volume<float>(grid, voxels);
    }

    /// <summary>Labels at the first voxels, in the given order; the rest is background.</summary>
    public static Volume<int> Labels(params int[] labels)
    {
        int[] voxels = new int[Grid.VoxelCount];
        labels.CopyTo(voxels, 0);
        return new Volume<int>(Grid, voxels);
    }

    public static void WriteImage(string path, float value, VolumeGrid? grid = null)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        NiftiImage.FromVolume(Image(value, grid)).Save(path);
    }

    public static void WriteLabels(string path, params int[] labels)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        NiftiImage.FromLabels(Labels(labels)).Save(path);
    }

    /// <summary>A case with names such as folder/id/id_t1.nii.gz; images 100, 200, 300, 400 in the order t1, t1ce, t2, flair.</summary>
    public static void Write2018(string folder, string id, string extension = ".nii.gz", params int[] labels)
    {
        string[] names = ["t1", "t1ce", "t2", "flair"];
        for (int i = 0; i < 4; i++)
            WriteImage(Path.Combine(folder, id, $"{id}_{names[i]}{extension}"), 100 * (i + 1));
        WriteLabels(Path.Combine(folder, id, $"{id}_seg{extension}"), labels.Length > 0 ? labels : [1, 2, 4]);
    }
}
