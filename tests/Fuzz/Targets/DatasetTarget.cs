using System.Text;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>A JSON file of a data set that others have written: it is refused by name, or the data set opens.</summary>
internal sealed class DatasetTarget : FuzzTarget
{
    private const string NnUNet = """
        {"channel_names": {"0": "CT", "1": "MR"}, "labels": {"background": 0, "organ": [1, 2], "lesion": 2, "ignore": 3},
        "regions_class_order": [1, 2], "numTraining": 2, "file_ending": ".nii"}
        """;

    private const string Decathlon = """
        {"name": "Task", "modality": {"0": "CT", "1": "MR"}, "labels": {"0": "background", "1": "organ", "2": "lesion"}, "numTraining": 2,
        "training": [{"image": "./imagesTr/a.nii", "label": "./labelsTr/a.nii"}], "test": []}
        """;

    private const string Splits = """[{"train": ["a"], "val": ["b"]}, {"train": ["b"], "val": ["a"]}]""";

    private readonly string _folder, _file;

    public DatasetTarget(string work, string name, string file, bool frames)
    {
        _folder = Path.Combine(work, name);
        _file = Path.Combine(_folder, file);
        foreach (string part in new[] { "imagesTr", "labelsTr" })
            Directory.CreateDirectory(Path.Combine(_folder, part));
        var grid = new VolumeGrid(VolumeSize.Cube(3), Affine.Identity);
        var volume = new Volume<float>(grid, [.. Enumerable.Range(0, 27).Select(voxel => (float)voxel)]);
        foreach (string id in new[] { "a", "b" })
        {
            if (frames)
            {
                NiftiImage.FromVolumes([volume, volume]).Save(Path.Combine(_folder, "imagesTr", $"{id}.nii"));
            }
            else
            {
                for (int channel = 0; channel < 2; channel++)
                    NiftiImage.FromVolume(volume).Save(Path.Combine(_folder, "imagesTr", $"{id}_000{channel}.nii"));
            }

            NiftiImage.FromLabels(new Volume<int>(grid, [.. Enumerable.Range(0, 27).Select(voxel => voxel % 3)]))
                .Save(Path.Combine(_folder, "labelsTr", $"{id}.nii"));
        }

        File.WriteAllText(Path.Combine(_folder, "dataset.json"), frames ? Decathlon : NnUNet);
        File.WriteAllText(Path.Combine(_folder, "splits_final.json"), Splits);
        Sound = [Encoding.UTF8.GetBytes(file == "splits_final.json" ? Splits : frames ? Decathlon : NnUNet)];
    }

    public override IReadOnlyList<byte[]> Sound { get; }

    public override IReadOnlyList<string> Words { get; } =
    [
        "\"channel_names\"", "\"labels\"", "\"modality\"", "\"file_ending\"", "\"regions_class_order\"", "\"ignore\"", "\"0\"", "\"background\"", "255", "256",
        "[1,2]", "\".nii.gz\"", "\"train\"", "\"val\"", "\"noNorm\"",
    ];

    public override bool Accepts(byte[] input)
    {
        File.WriteAllBytes(_file, input);
        try
        {
            return MedicalDataset.Open(_folder).Cases.Count > 0;
        }
        catch (MedicalDatasetException)
        {
            return false;
        }
    }
}
