using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Samples.OwnData;

/// <summary>Made-up CT and MR of one body as a raw folder of nnU-Net: an organ that both show, with a lesion that the CT hardly shows.</summary>
internal static class CtMrFolder
{
    public const string Labels = """{ "background": 0, "organ": 1, "lesion": 2, "ignore": 3 }""";

    /// <summary>The folder with such a data set, which is made where it is not there.</summary>
    public static string Made(string folder, int cases)
    {
        if (!Directory.Exists(folder))
            Write(folder, cases);
        return folder;
    }

    public static void Write(string folder, int cases, int edge = 16, string labels = Labels, int tests = 0)
    {
        foreach (string name in (string[])["imagesTr", "labelsTr", "imagesTs"])
            Directory.CreateDirectory(Path.Combine(folder, name));
        for (int number = 0; number < cases + tests; number++)
        {
            bool isTest = number >= cases;
            (Volume<float> ct, Volume<float> mr, Volume<int> classes) = Create(number, edge);
            string id = $"body_{number:000}", images = Path.Combine(folder, isTest ? "imagesTs" : "imagesTr");
            NiftiImage.FromVolume(ct).Save(Path.Combine(images, id + "_0000.nii.gz"));
            NiftiImage.FromVolume(mr).Save(Path.Combine(images, id + "_0001.nii.gz"));
            if (!isTest)
                NiftiImage.FromLabels(classes).Save(Path.Combine(folder, "labelsTr", id + ".nii.gz"));
        }

        File.WriteAllText(Path.Combine(folder, "dataset.json"), $$"""
            { "channel_names": { "0": "CT", "1": "MR" }, "labels": {{labels}}, "numTraining": {{cases}}, "file_ending": ".nii.gz" }
            """);
    }

    private static (Volume<float> Ct, Volume<float> Mr, Volume<int> Labels) Create(int number, int edge)
    {
        var random = new Random(number);
        VolumeGrid grid = new(VolumeSize.Cube(edge), new Affine(-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0));
        float[] ct = new float[grid.VoxelCount], mr = new float[grid.VoxelCount];
        int[] labels = new int[grid.VoxelCount];
        double middle = (edge - 1) / 2.0, shift = (number % 3) - 1;
        for (int z = 0; z < edge; z++)
        {
            for (int y = 0; y < edge; y++)
            {
                for (int x = 0; x < edge; x++)
                {
                    double far = Math.Sqrt(Math.Pow(x - middle - shift, 2) + Math.Pow(y - middle, 2) + Math.Pow(z - middle, 2)) / edge;
                    int i = grid.IndexOf(x, y, z), label = far < 0.12 ? 2 : far < 0.3 ? 1 : 0;
                    // Ignored at the upper face, whatever is there.
                    labels[i] = z == edge - 1 ? 3 : label;
                    float noise = (float)(random.NextDouble() - 0.5) * 20;
                    ct[i] = (far > 0.48 ? -1000 : label switch { 1 => 60, 2 => 40, _ => 0 }) + noise;
                    mr[i] = far > 0.48 ? 0 : label switch { 1 => 300, 2 => 600, _ => 100 } + noise;
                }
            }
        }

        return (new Volume<float>(grid, ct), new Volume<float>(grid, mr), new Volume<int>(grid, labels));
    }
}
