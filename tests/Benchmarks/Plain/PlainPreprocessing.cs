using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>
/// The preprocessing of the paper step by step, one file after the other: reorient, z-score of the non-zero voxels, central crop, mean of 2×2×2 voxels,
/// nearest label. Written for volumes that are larger than the crop.
/// </summary>
internal static class PlainPreprocessing
{
    private const int Crop = 128;
    private const int Factor = 2;

    public static double[] Means(MedicalCase item)
    {
        List<double> means = [];
        foreach (string modality in BraTSModality.All)
        {
            Volume<float> volume = NiftiImage.Load(item.Images[modality].Path).ToVolume().ReorientTo(Orientation.RAS);
            Normalize(volume.Voxels);
            means.Add(Pool(volume).Average(value => (double)value));
        }

        Volume<int> labels = NiftiImage.Load(item.SegmentationPath!).ToLabels().ReorientTo(Orientation.RAS);
        means.Add(Nearest(labels).Average(value => value == 4 ? 3.0 : value));
        return [.. means];
    }

    private static void Normalize(float[] voxels)
    {
        float[] brain = [.. voxels.Where(value => value != 0)];
        double mean = brain.Average(value => (double)value);
        double deviation = Math.Sqrt(brain.Average(value => (value - mean) * (value - mean)));
        for (int i = 0; i < voxels.Length; i++)
        {
            if (voxels[i] != 0)
                voxels[i] = (float)((voxels[i] - mean) / deviation);
        }
    }

    private static float[] Pool(Volume<float> volume)
    {
        const int size = Crop / Factor;
        (int fromX, int fromY, int fromZ) = Corner(volume.Grid);
        float[] result = new float[size * size * size];
        for (int z = 0; z < Crop; z++)
        {
            for (int y = 0; y < Crop; y++)
            {
                for (int x = 0; x < Crop; x++)
                {
                    result[(x / Factor) + (size * ((y / Factor) + (size * (z / Factor))))] +=
                        volume[fromX + x, fromY + y, fromZ + z] / (Factor * Factor * Factor);
                }
            }
        }

        return result;
    }

    private static int[] Nearest(Volume<int> labels)
    {
        const int size = Crop / Factor;
        (int fromX, int fromY, int fromZ) = Corner(labels.Grid);
        int[] result = new int[size * size * size];
        for (int i = 0; i < result.Length; i++)
            result[i] = labels[fromX + (i % size * Factor), fromY + (i / size % size * Factor), fromZ + (i / (size * size) * Factor)];
        return result;
    }

    private static (int X, int Y, int Z) Corner(VolumeGrid grid) => ((grid.Size.X - Crop) / 2, (grid.Size.Y - Crop) / 2, (grid.Size.Z - Crop) / 2);
}
