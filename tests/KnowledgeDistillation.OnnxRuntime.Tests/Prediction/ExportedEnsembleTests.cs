using FluentAssertions;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.OnnxRuntime.Tests.Export;
using KnowledgeDistillation.Tests;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Prediction;

/// <summary>Several networks in one file decide in ONNX Runtime as they decide together in torch.</summary>
public sealed class ExportedEnsembleTests : IDisposable
{
    private static readonly string[] Modalities = ["t1ce", "flair"];
    private static readonly PreprocessingOptions Preparation = new() { CropSize = null, SubsamplingFactor = 1, SizeMultiple = 4 };

    private readonly TemporaryFolder _folder = new();
    private readonly IReadOnlyList<MedicalCase> _cases;

    public ExportedEnsembleTests()
    {
        new BraTSPhantom(new BraTSPhantomOptions { Seed = 5, Size = new VolumeSize(21, 24, 18) }).WriteDataset(_folder["phantoms"], 2);
        _cases = MedicalDataset.Open(_folder["phantoms"]).Cases;
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public void The_mean_of_the_probabilities_is_that_of_the_library(int count, bool mirrors)
    {
        string[] models = [.. Enumerable.Range(0, count).Select(number => Save(number, Net(levels: 2 + (number % 2)), Flipped))];
        var options = new PredictionOptions { Mirrors = mirrors };
        using var expected = SegmentationEnsemble.Load(models, options);
        OnnxModelExport.Write(models, _folder["ensemble.onnx"]);
        using OnnxCasePredictor file = OnnxCasePredictor.Load(_folder["ensemble.onnx"], new OnnxNetworkOptions { Threads = 1 });
        using SegmentationEnsemble given = new([("ensemble", file)], options);

        foreach (MedicalCase item in _cases)
            RequireSame(given.Segment(item), expected.Segment(item));
        given.Warnings.Should().BeEmpty();
        // Each of them alone decides otherwise, else this shows nothing.
        using var first = SegmentationEnsemble.Load([models[0]], options);
        Difference(first.Segment(_cases[0]), expected.Segment(_cases[0])).Should().BeGreaterThan(1e-3f);
    }

    [Fact]
    public void Slices_and_networks_for_any_modalities_make_ensembles_too()
    {
        string[] slices = [.. new[] { 1, 2 }.Select(
            seed => Save(seed, new UNet2DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 4, Levels = 2 }, name: $"slices-{seed}"))];
        string[] any = [.. new[] { 3, 4 }.Select(
            seed => Save(seed, new HemisUNet3DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 4, Levels = 2 }, name: $"any-{seed}"))];

        foreach ((string[] models, string? modality) in new[] { (slices, null), (any, "flair"), (any, null) })
        {
            using var expected = SegmentationEnsemble.Load(models, new PredictionOptions { Modality = modality });
            OnnxModelExport.Write(models, _folder["ensemble.onnx"], modality is null ? null : [modality]);
            using OnnxCasePredictor file = OnnxCasePredictor.Load(_folder["ensemble.onnx"], new OnnxNetworkOptions { Threads = 1 });
            using SegmentationEnsemble given = new([("ensemble", file)]);

            RequireSame(given.Segment(_cases[0]), expected.Segment(_cases[0]));
        }
    }

    [Fact]
    public void The_file_says_what_all_say_and_the_range_of_what_was_measured()
    {
        string first = Save(1, Net(), Facts("yes", "a b", "1..2,1..1,1..1", 0.1)), second = Save(2, Net(), Facts("no", "c d", "1..1,1..1,1..3", 0.3));

        OnnxModelExport.Write([first, second], _folder["ensemble.onnx"]);

        using OnnxCasePredictor file = OnnxCasePredictor.Load(_folder["ensemble.onnx"]);
        file.Metadata.Should().Contain("alpha", "1").And.Contain("system", "kd-net").And.NotContainKey("flip").And.NotContainKey("cases.seen");
        file.Metadata["data.spacing"].Should().Be("1..2,1..1,1..3");
        file.Metadata["data.intensities.t1ce"].Should().StartWith("0.1..0.3,");
        file.Metadata["data.orientation"].Should().Be("LPS");
    }

    [Theory]
    [InlineData("1", "2")]
    [InlineData("1", null)]
    [InlineData("1", "1")]
    public void Post_processing_that_not_all_store_is_left_out_as_a_whole(string first, string? second)
    {
        string[] models = [Save(1, Net(), Cleaned(first)), Save(2, Net(), Cleaned(second))];

        OnnxModelExport.Write(models, _folder["ensemble.onnx"]);

        using OnnxCasePredictor file = OnnxCasePredictor.Load(_folder["ensemble.onnx"]);
        using var expected = SegmentationEnsemble.Load(models);
        using SegmentationEnsemble given = new([("ensemble", file)]);
        given.PostProcessing.Should().Be(expected.PostProcessing);
        given.PostProcessing.IsNone.Should().Be(first != second);

        static Dictionary<string, string> Cleaned(string? volume) => volume is null
            ? new() { ["postprocessing.largest-component"] = "yes" }
            : new() { ["postprocessing.largest-component"] = "yes", ["postprocessing.min-volume.ET"] = volume };
    }

    [Fact]
    public void Networks_that_do_not_belong_together_are_refused_by_name_and_nothing_is_written()
    {
        string one = Save(1, Net());
        string other = Save(2, new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 4, BaseWidth = 4, Levels = 2 }, name: "other");
        string prepared = Save(3, Net(), preparation: Preparation with { SubsamplingFactor = 2 }, name: "prepared");
        string patches = Save(4, Net(), new() { ["patch.size"] = "8,8,8" }, name: "patches");

        Refused(one, other).WithMessage("*same modalities*'*other'*");
        Refused(one, prepared).WithMessage("*prepared'*subsampling was 1 and is now 2*");
        Refused(one, patches).WithMessage("*patches'*patches was none and is now*");
        File.Exists(_folder["ensemble.onnx"]).Should().BeFalse();
        FluentActions.Invoking(() => OnnxModelExport.Write([], _folder["ensemble.onnx"])).Should().Throw<ArgumentException>();

        FluentAssertions.Specialized.ExceptionAssertions<ExperimentException> Refused(params string[] models) =>
            FluentActions.Invoking(() => OnnxModelExport.Write(models, _folder["ensemble.onnx"])).Should().Throw<ExperimentException>();
    }

    private static Dictionary<string, string> Flipped => new() { ["flip"] = "yes" };

    private static UNet3DOptions Net(int levels = 2) => new() { Modalities = Modalities, OutputChannels = 4, BaseWidth = 4, Levels = levels };

    private static Dictionary<string, string> Facts(string flip, string seen, string sizes, double negative) => new()
    {
        ["flip"] = flip,
        ["alpha"] = "1",
        ["system"] = "kd-net",
        ["cases.seen"] = seen,
        ["data.spacing"] = sizes,
        ["data.tilt"] = "0",
        ["data.orientation"] = "LPS",
        ["data.intensities.t1ce"] = FormattableString.Invariant($"{negative}..{negative},-1..0,-1..0,0..0,0..1,1..2"),
    };

    private static void RequireSame(CaseSegmentation given, CaseSegmentation expected)
    {
        Difference(given, expected).Should().BeLessThan(1e-5f);
        given.Classes.Zip(expected.Classes).Count(pair => pair.First != pair.Second).Should().BeLessThanOrEqualTo(given.Classes.Length / 5000);
    }

    private static float Difference(CaseSegmentation one, CaseSegmentation other) => one.Probabilities.Channels
        .Zip(other.Probabilities.Channels, (a, b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max()).Max();

    private string Save(
        int seed, NetworkRecipe recipe, Dictionary<string, string>? facts = null, PreprocessingOptions? preparation = null, string? name = null)
    {
        torch.manual_seed(seed);
        Dictionary<string, string> metadata = new(PreprocessingMetadata.Write(preparation ?? Preparation));
        foreach ((string fact, string value) in facts ?? [])
            metadata[fact] = value;
        using var model = new SegmentationModel(OnnxRun.Stirred(recipe.Build()), BraTSRegions.Classes, metadata);
        string folder = _folder[name ?? $"model-{seed}"];
        model.Save(folder);
        return folder;
    }
}
