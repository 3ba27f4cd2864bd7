using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using TorchSharp;
using Xunit;

[assembly: AssemblyFixture(typeof(KnowledgeDistillation.Samples.SegmentationService.Tests.Networks))]

namespace KnowledgeDistillation.Samples.SegmentationService.Tests;

/// <summary>Small networks with weights drawn from a seed, as a checkpoint, an archive and an exported file, and a phantom patient.</summary>
public sealed class Networks : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public Networks()
    {
        torch.manual_seed(13);
        PreprocessingOptions whole = new() { CropSize = null, SubsamplingFactor = 1, SizeMultiple = 2 };
        using (SegmentationModel student = Model(["t1ce"], whole))
        {
            student.Save(Folder);
            OnnxExport.Save(student, Onnx);
        }

        ModelArchive.Write(Folder, Archive, "MIT");
        using (SegmentationModel teacher = Model(["t1ce", "flair"], whole))
            teacher.Save(TwoModalities);
        using (SegmentationModel spaced = Model(["t1ce"], whole with { Spacing = new Spacing(1, 1, 1) }))
            spaced.Save(OneMillimeter);
        new BraTSPhantom(new BraTSPhantomOptions { Seed = 4, Size = new VolumeSize(21, 24, 18) }).WriteDataset(Data, 2);
    }

    public string Data => _folder["data"];

    public string Folder => _folder["student"];

    public string Archive => _folder["student.zip"];

    public string Onnx => _folder["student.onnx"];

    public string TwoModalities => _folder["teacher"];

    public string OneMillimeter => _folder["one-millimeter"];

    public string Results => _folder["results"];

    public byte[] T1ce => File.ReadAllBytes(PathOf(BraTSModality.T1ce));

    public byte[] Flair => File.ReadAllBytes(PathOf(BraTSModality.Flair));

    public string PathOf(string modality) => Medical.Datasets.MedicalDataset.Open(Data).Cases[0].Images[modality].Path;

    public void Dispose() => _folder.Dispose();

    private static SegmentationModel Model(string[] modalities, PreprocessingOptions preparation) => new(
        new UNet3D(new UNet3DOptions { Modalities = modalities, OutputChannels = 4, BaseWidth = 4, Levels = 2 }),
        BraTSLabelConvention.BraTS2018.Classes,
        new Dictionary<string, string>(PreprocessingMetadata.Write(preparation)) { ["labels"] = BraTSLabelConvention.BraTS2018.ToText(), ["flip"] = "yes" });
}
