using FluentAssertions;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Tests.Docs;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Prediction;

public sealed class PostProcessingTuningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IReadOnlyList<MedicalCase> _cases;
    private readonly string _model;

    public PostProcessingTuningTests()
    {
        new BraTSPhantom(new BraTSPhantomOptions { Seed = 4, Size = VolumeSize.Cube(16) }).WriteDataset(_folder["data"], 4);
        _cases = MedicalDataset.Open(_folder["data"]).Cases;
        _model = Model("model", new()
        {
            ["cases.training"] = _cases[0].Id,
            ["cases.validation"] = $"{_cases[1].Id}|{_cases[2].Id}",
            ["cases.seen"] = string.Join('|', _cases.Take(3).Select(item => item.Id)),
        });
    }

    [Fact]
    public void It_is_chosen_on_the_validation_cases_never_makes_them_worse_and_is_stored_with_its_checksum()
    {
        string weights = Checksum();
        IReadOnlyList<MedicalCase> validation = PostProcessingTuning.ValidationCases(_model, _cases);
        validation.Select(item => item.Id).Should().Equal(_cases[1].Id, _cases[2].Id);

        PostProcessingChoice choice = PostProcessingTuning.Find(_model, validation);
        PostProcessingTuning.Store(_model, choice.Options);

        choice.Cases.Should().Be(2);
        choice.Regions.Select(region => region.Region).Should().Equal("ET", "TC", "WT");
        choice.Regions.Should().OnlyContain(region => region.After >= region.Before - 1e-9);
        using (SegmentationModel stored = SegmentationModel.Load(_model))
            PostProcessingMetadata.Read(stored.Metadata).Should().NotBeNull().And.Be(choice.Options);
        using (SegmentationEnsemble loaded = SegmentationEnsemble.Load([_model]))
            loaded.PostProcessing.Should().Be(choice.Options);
        Checksum().Should().Be(weights);
        string path = Path.Combine(_model, "model.json");
        File.WriteAllText(
            path, File.ReadAllText(path).Replace("postprocessing.largest-component", "postprocessing.largest-Component", StringComparison.Ordinal));
        FluentActions.Invoking(() => SegmentationModel.Load(_model)).Should().Throw<CheckpointException>();

        string Checksum() => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(_model, "weights.safetensors"))));
    }

    [Fact]
    public void What_is_stored_is_done_by_itself_unless_something_else_is_wanted_and_goes_along_with_an_archive()
    {
        byte[] plain = Classes(_model, null);
        plain.Should().Contain(number => number != 0);

        PostProcessingTuning.Store(_model, new PostProcessingOptions { MinimumVolumes = [new MinimumVolume("WT", 1e9)] });
        ModelExport.Write(_model, _folder["model.zip"]);

        Classes(_model, null).Should().OnlyContain(number => number == 0);
        Classes(_folder["model.zip"], null).Should().OnlyContain(number => number == 0);
        Classes(_model, new PostProcessingOptions()).Should().Equal(plain);
        Classes(_model, new PostProcessingOptions { MinimumVolumes = [new MinimumVolume("ET", 0.001)] }).Should().Equal(plain);
        PostProcessingTuning.Store(_model, null);
        Classes(_model, null).Should().Equal(plain);
        FluentActions.Invoking(() => PostProcessingTuning.Store(_folder["model.zip"], null)).Should().Throw<CheckpointException>().WithMessage("*archive*");
    }

    [Fact]
    public void An_ensemble_does_what_all_of_its_networks_store_and_nothing_with_a_warning_where_they_differ()
    {
        string other = Model("other", []);
        PostProcessingOptions options = new() { LargestComponent = true };
        PostProcessingTuning.Store(_model, options);

        using (SegmentationEnsemble differing = SegmentationEnsemble.Load([_model, other]))
        {
            differing.PostProcessing.IsNone.Should().BeTrue();
            differing.Warnings.Should().ContainSingle().Which.Should().Contain("different post-processing");
        }

        PostProcessingTuning.Store(other, options);
        using SegmentationEnsemble agreeing = SegmentationEnsemble.Load([_model, other]);
        agreeing.PostProcessing.Should().Be(options);
        agreeing.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Cases_that_were_learned_from_or_may_be_of_a_test_are_refused()
    {
        Refusal([_cases[1], _cases[0]]).Should().Contain($"was trained on case {_cases[0].Id}");
        Refusal([_cases[3]]).Should().Contain($"Case {_cases[3].Id} was not held out for validation").And.Contain("may belong to a test");
        Refusal([]).Should().Contain("without validation cases");
        FluentActions.Invoking(() => PostProcessingTuning.ValidationCases(_model, [_cases[0], _cases[3]])).Should().Throw<ExperimentException>()
            .WithMessage("None of the 2 cases was held out*");
        string silent = Model("silent", []);
        FluentActions.Invoking(() => PostProcessingTuning.ValidationCases(silent, _cases)).Should().Throw<ExperimentException>()
            .WithMessage("*does not say which cases it was trained with*");

        string Refusal(MedicalCase[] cases) =>
            FluentActions.Invoking(() => PostProcessingTuning.Find(_model, cases)).Should().Throw<ExperimentException>().Which.Message;
    }

    [Fact]
    public void References_of_other_classes_are_refused()
    {
        LabelConvention exchanged = BraTSLabelConvention.Of(necrosisLabel: 2, edemaLabel: 1, enhancingLabel: 4);
        MedicalCase sameClasses = new(_cases[1].Id, _cases[1].Images, exchanged, _cases[1].SegmentationPath);
        MedicalCase others = new(_cases[1].Id, _cases[1].Images, LabelConvention.Parse("4=rim,1=core,2=water"), _cases[1].SegmentationPath);

        PostProcessingTuning.Find(_model, [sameClasses]).Cases.Should().Be(1, "other numbers on disk may stand for the same classes");
        FluentActions.Invoking(() => PostProcessingTuning.Find(_model, [others])).Should().Throw<ExperimentException>().WithMessage("*rim*");
    }

    [Fact]
    public void A_reference_on_another_grid_is_refused_by_the_name_of_its_case()
    {
        NiftiImage reference = NiftiImage.Load(_cases[1].SegmentationPath!);
        Volume<int> labels = reference.ToLabels();
        VolumeGrid moved = new(labels.Grid.Size, Affine.Scaling(2, 2, 2));
        NiftiImage.FromLabels(new Volume<int>(moved, labels.Voxels)).Save(_folder["moved.nii.gz"]);
        MedicalCase item = new(_cases[1].Id, _cases[1].Images, _cases[1].Labels, _folder["moved.nii.gz"]);

        FluentActions.Invoking(() => PostProcessingTuning.Find(_model, [item])).Should().Throw<InvalidDataException>().WithMessage($"*{_cases[1].Id}*");
    }

    [Fact]
    public void A_pool_of_networks_that_share_a_model_gives_what_one_gives()
    {
        var pooled = PoolExample.Segment(_model, _cases);

        using SegmentationEnsemble one = SegmentationEnsemble.Load([_model]);
        pooled.Should().HaveCount(_cases.Count);
        foreach (MedicalCase patient in _cases)
            pooled[patient.Id].Voxels.Should().Equal(one.Segment(patient).ToLabels().Voxels);
    }

    public void Dispose() => _folder.Dispose();

    private byte[] Classes(string model, PostProcessingOptions? options)
    {
        using SegmentationEnsemble ensemble = SegmentationEnsemble.Load([model], new PredictionOptions { PostProcessing = options });
        return ensemble.Segment(_cases[3]).Classes;
    }

    private string Model(string name, Dictionary<string, string> cases)
    {
        torch.manual_seed(13);
        using SegmentationModel model = new(
            new UNet3D(new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 4, BaseWidth = 4, Levels = 2 }),
            BraTSLabelConvention.BraTS2018.Classes,
            new Dictionary<string, string>(PreprocessingMetadata.Write(new() { CropSize = null, SubsamplingFactor = 1, SizeMultiple = 2 }).Concat(cases))
            {
                ["labels"] = BraTSLabelConvention.BraTS2018.ToText(),
            });
        model.Save(_folder[name]);
        return _folder[name];
    }
}
