using System.Diagnostics;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.OnnxRuntime.Tests.Export;
using KnowledgeDistillation.Tests;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Prediction;

/// <summary>From NIfTI files to NIfTI files, ONNX Runtime and torch give the same labels.</summary>
public sealed class SegmentedFilesTests : IDisposable
{
    private static readonly string[] Modalities = ["t1ce", "flair"];

    private readonly TemporaryFolder _folder = new();
    private readonly string _data;

    public SegmentedFilesTests()
    {
        _data = _folder["phantoms"];
        new BraTSPhantom(new BraTSPhantomOptions { Seed = 3, Size = new VolumeSize(37, 40, 33) }).WriteDataset(_data, 3);
    }

    public static TheoryData<string> Ways => [.. Cases.Keys];

    // Networks, how images are prepared, and how segmented.
    private static readonly Dictionary<
        string,
        (NetworkRecipe Network, PreprocessingOptions Preparation, SlidingWindowOptions? Windows, PredictionOptions Options)> Cases = new()
        {
            ["whole volumes"] = (
                new UNet3DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 4, Levels = 3 },
                new PreprocessingOptions { CropSize = null, SubsamplingFactor = 1, SizeMultiple = 4 }, null, new PredictionOptions()),
            ["a crop at half the resolution"] = (
                new UNet3DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 4, Levels = 2 },
                new PreprocessingOptions { CropSize = VolumeSize.Cube(28), SubsamplingFactor = 2, CropCenter = CropCenter.Brain },
                null, new PredictionOptions()),
            ["windows, mirrors and post-processing"] = (
                new UNet3DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 4, Levels = 2 },
                new PreprocessingOptions { CropSize = null, SubsamplingFactor = 1, SizeMultiple = 2 },
                new SlidingWindowOptions { WindowSize = [16, 16, 16] },
                new PredictionOptions { Mirrors = true, PostProcessing = new PostProcessingOptions { LargestComponent = true } }),
            ["slices"] = (
                new UNet2DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 4, Levels = 2 },
                new PreprocessingOptions { CropSize = null, SubsamplingFactor = 1, SizeMultiple = 2 }, null, new PredictionOptions()),
        };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Files_of_labels_are_equal(string way)
    {
        torch.manual_seed(20);
        var (recipe, preparation, windows, options) = Cases[way];
        using SegmentationModel model = Model(recipe, preparation);
        using OnnxCasePredictor network = OnnxCasePredictor.Load(Export(model), new OnnxNetworkOptions { Threads = 1, Windows = windows });
        CaseSegmenter segmenter = new(model, windows is null ? null : new SlidingWindowInference(windows));

        string[] ofTorch = Segment(segmenter, options, _folder["torch"]), ofOnnx = Segment(network, options, _folder["onnx"]);

        ofTorch.Should().HaveCount(3);
        for (int i = 0; i < ofTorch.Length; i++)
            RequireEqual(ofOnnx[i], ofTorch[i]);
    }

    [Fact]
    public void An_application_without_libtorch_gives_the_same()
    {
        torch.manual_seed(21);
        var (recipe, preparation, _, options) = Cases["whole volumes"];
        using SegmentationModel model = Model(recipe, preparation);
        string path = Export(model), application = ApplicationWithoutTorch();

        (int exitCode, string output) = Run(application, path, _data, _folder["results"]);

        output.Should().NotContain("Error").And.NotContain("xception");
        exitCode.Should().Be(0);
        string[] expected = Segment(new CaseSegmenter(model), options, _folder["torch"]);
        string[] given = [.. Directory.GetFiles(_folder["results"], "*.nii.gz").Order(StringComparer.Ordinal)];
        given.Select(Path.GetFileName).Should().Equal(expected.Select(Path.GetFileName));
        foreach ((string one, string other) in given.Zip(expected))
            RequireEqual(one, other);
    }

    [Fact]
    public void An_application_without_the_native_part_of_ONNX_Runtime_is_told_which_package_to_reference()
    {
        torch.manual_seed(22);
        var (recipe, preparation, _, _) = Cases["whole volumes"];
        using SegmentationModel model = Model(recipe, preparation);
        string path = Export(model), application = ApplicationWithoutTorch();
        foreach (string native in Directory.GetFiles(Path.GetDirectoryName(application)!, "*onnxruntime.*").Where(file => !file.EndsWith("OnnxRuntime.dll")))
            File.Delete(native);

        (int exitCode, string output) = Run(application, path, _data, _folder["results"]);

        exitCode.Should().NotBe(0);
        output.Should().Contain("reference the package Microsoft.ML.OnnxRuntime");
    }

    public void Dispose() => _folder.Dispose();

    // But for ties: rounding differs in the last digits.
    private static void RequireEqual(string result, string wanted)
    {
        NiftiImage expected = NiftiImage.Load(wanted), given = NiftiImage.Load(result);
        int[] labels = expected.ToLabels().Voxels;
        given.Grid.Should().Be(expected.Grid);
        labels.Distinct().Should().HaveCountGreaterThan(1).And.BeSubsetOf([0, 1, 2, 4]);
        given.ToLabels().Voxels.Zip(labels).Count(pair => pair.First != pair.Second).Should().BeLessThanOrEqualTo(labels.Length / 10_000);
    }

    private static SegmentationModel Model(NetworkRecipe recipe, PreprocessingOptions preparation) => new(
        OnnxRun.Stirred(recipe.Build()),
        BraTSLabelConvention.BraTS2018.Classes,
        new Dictionary<string, string>(PreprocessingMetadata.Write(preparation)) { ["labels"] = BraTSLabelConvention.BraTS2018.ToText(), ["flip"] = "yes" });

    private string Export(SegmentationModel model)
    {
        string path = _folder["model.onnx"];
        OnnxExport.Save(model, path);
        return path;
    }

    private string[] Segment(ICasePredictor network, PredictionOptions options, string folder)
    {
        using SegmentationEnsemble segmenter = new([("network", network)], options);
        PredictionInputs inputs = PredictionInputs.Find([_data], segmenter);
        IReadOnlyList<PredictionRow> rows = FolderPrediction.Run(segmenter, inputs.Cases, inputs.NameResults(folder, [_data]));
        rows.Should().OnlyContain(row => row.Error == null);
        return [.. rows.Select(row => row.Result!)];
    }

    // A copy of the program in tests/Fixtures/OnnxProbe from which everything native of torch is taken away.
    private string ApplicationWithoutTorch()
    {
        string[] place = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory).Split(Path.DirectorySeparatorChar);
        int project = Array.LastIndexOf(place, "KnowledgeDistillation.OnnxRuntime.Tests");
        string built = Path.Combine([Path.DirectorySeparatorChar.ToString(), .. place[..project], "Fixtures", "OnnxProbe", .. place[(project + 1)..]]);
        Directory.GetFiles(built, "*torch_*").Should().BeEmpty("the application does not reference libtorch");
        string folder = Directory.CreateDirectory(_folder["application"]).FullName;
        foreach (string file in Directory.GetFiles(built).Where(file => !Path.GetFileName(file).Contains("LibTorchSharp", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return Path.Combine(folder, "OnnxProbe.dll");
    }

    private static (int ExitCode, string Output) Run(string application, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [application, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
