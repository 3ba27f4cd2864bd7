using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests.Docs;

/// <summary>The examples of docs/data.md.</summary>
public sealed class DataExamples : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_data_set_becomes_batches()
    {
        WritePhantoms(_folder["data"]);
        (CaseBatchSource training, CaseBatchSource validation) = Prepare(_folder["data"], _folder["cache"]);
        (training.BatchCount, validation.BatchCount).Should().Be((4, 1));
    }

    [Fact]
    public void A_student_needs_one_modality()
    {
        TinyCases.WriteImage(_folder["clinic", "patient_t1ce.nii.gz"], 1);
        string folder = _folder["clinic"];
        MedicalDataset unseen = MedicalDataset.Open(folder, new() { RequiredModalities = [BraTSModality.T1ce], RequireSegmentation = false });
        unseen.Cases.Should().ContainSingle();
    }

    [Fact]
    public void A_prediction_is_written_in_the_grid_of_its_input()
    {
        TinyCases.Write2018(_folder.Root, "X");
        MedicalCase source = MedicalDataset.Open(_folder.Root).Cases.Single();
        PreprocessedCase item = new Preprocessor(new() { CropSize = new(4, 3, 2), SubsamplingFactor = 1 }).Process(source);
        byte[] classesOfCrop = item.Classes!;
        (string t1cePath, string predictionPath) = (source.Images["t1ce"].Path, _folder["prediction.nii.gz"]);

        byte[] native = item.Geometry.PasteBack<byte>(classesOfCrop);
        NiftiImage.Load(t1cePath).WithVoxels(item.Labels.ToLabels(item.Geometry.NativeGrid, native)).Save(predictionPath);

        NiftiImage.Load(predictionPath).ToLabels().Voxels.Should().Equal(source.Load().Segmentation!.Voxels);
        NiftiImage.LoadHeader(predictionPath).Grid.Should().Be(NiftiImage.LoadHeader(t1cePath).Grid);
    }

    private static void WritePhantoms(string folder)
    {
        BraTSPhantom phantom = new(new() { Size = VolumeSize.Cube(32), Seed = 1 });
        phantom.WriteDataset(folder, count: 12);                     // BraTS 2018 layout, NIfTI
        CaseVolumes one = phantom.Create(0);                         // or in memory
        one.Images.Should().HaveCount(4);
    }

    private static (CaseBatchSource Training, CaseBatchSource Validation) Prepare(string folder, string cacheFolder)
    {
        MedicalDataset dataset = MedicalDataset.Open(folder);            // such as MICCAI_BraTS_2018_Data_Training
        CrossValidationFold fold = CrossValidation.Split(dataset.Cases)[0];

        PreprocessingCache cache = new(cacheFolder);                 // 128³ around the center, subsampled to 64³
        CaseBatchSource training = new(cache.Prepare(fold.Training), new() { BatchSize = 2, Seed = 1 });
        CaseBatchSource validation = new(cache.Prepare(fold.Validation), CaseBatchOptions.Evaluation);
        return (training, validation);
    }
}
