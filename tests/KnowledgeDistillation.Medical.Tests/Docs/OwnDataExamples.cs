using FluentAssertions;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests.Docs;

/// <summary>The examples of docs/your-own-data.md.</summary>
public sealed class OwnDataExamples : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_of_your_own_need_no_layout()
    {
        TinyCases.WriteImage(_folder["anna-ct.nii.gz"], 5);
        TinyCases.WriteLabels(_folder["anna-outline.nii.gz"], 7, 9);
        string folder = _folder.Root;
        PreprocessingOptions options = new() { Modalities = ["CT"], CropSize = VolumeSize.Cube(4), SubsamplingFactor = 1 };

        LabelConvention labels = LabelConvention.Parse("7=organ,9=ignore");
        MedicalCase anna = new(
            "anna",
            new Dictionary<string, ImageFile> { ["CT"] = new(Path.Combine(folder, "anna-ct.nii.gz")) },
            labels,
            Path.Combine(folder, "anna-outline.nii.gz"),
            group: "hospital A");
        PreprocessedCase prepared = new Preprocessor(options).Process(anna);

        prepared.Classes!.Distinct().Order().Should().Equal(0, 1, LabelMap.Ignored);
    }

    [Fact]
    public void A_loader_of_your_own_gives_volumes()
    {
        PreprocessingOptions options = new() { Modalities = ["CT"], CropSize = VolumeSize.Cube(4), SubsamplingFactor = 1 };

        VolumeGrid grid = new(new VolumeSize(4, 4, 4), new Affine(-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 2, 0));   // millimeters, towards left, posterior, superior
        Volume<float> image = new(grid, new float[grid.VoxelCount].Select((_, i) => i * 1f).ToArray());     // x fastest
        Volume<int> outline = new(grid, new int[grid.VoxelCount]);
        CaseVolumes volumes = new(new Dictionary<string, Volume<float>> { ["CT"] = image }, outline, new LabelMap(("organ", 1), ("lesion", 2)));
        CaseBatchSource batches = new([new Preprocessor(options).Process("anna", volumes)]);
        using torch.Tensor tensor = image.ToTensor();                                                       // [D, H, W]

        batches.BatchCount.Should().Be(1);
        tensor.shape.Should().Equal(4, 4, 4);
        tensor[3, 2, 1].item<float>().Should().Be(image[1, 2, 3]);
        using torch.Tensor classes = outline.ToTensor();
        classes.dtype.Should().Be(torch.ScalarType.Int32);
    }

    [Fact]
    public void A_layout_of_your_own_is_opened_like_the_others()
    {
        TinyCases.WriteImage(_folder["anna", "scan.nii.gz"], 5);
        TinyCases.WriteLabels(_folder["anna", "outline.nii.gz"], 1);
        string folder = _folder.Root;

        MedicalDataset dataset = MedicalDataset.Open(folder, new() { Layouts = [new HospitalLayout(), .. DatasetLayouts.All] });

        dataset.Cases.Single().Id.Should().Be("anna");
    }

    internal sealed class HospitalLayout : IDatasetLayout
    {
        public string Name => "hospital";

        public string Expects => "folders with scan.nii.gz and outline.nii.gz";

        public DatasetFiles? Find(string folder) => new()
        {
            Layout = Name,
            Modalities = ["CT"],
            Labels = LabelConvention.Parse("1=organ,2=lesion"),
            Cases = [.. Directory.GetDirectories(folder).Select(FilesOf)],
        };

        private static CaseFiles FilesOf(string patient)
        {
            CaseFiles files = new(Path.GetFileName(patient), patient);
            files.AddImage("CT", new ImageFile(Path.Combine(patient, "scan.nii.gz")));
            files.AddSegmentation(Path.Combine(patient, "outline.nii.gz"));
            return files;
        }
    }
}
