using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.OnnxRuntime.Tests.Export;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Tests;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Prediction;

/// <summary>Whole volumes, windows and slices give in ONNX Runtime what they give in torch.</summary>
public sealed class OnnxCasePredictorTests : IDisposable
{
    private static readonly ExclusiveClasses Classes = new("background", "core", "rim");
    private static readonly OverlappingRegions Regions = new([new Region("whole", 1, 2), new Region("core", 1)], [2, 1]);

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(8, 12, 16)]
    [InlineData(7, 5, 9)]
    [InlineData(1, 1, 1)]
    [InlineData(4, 4, 4)]
    public void A_whole_volume_of_any_size_gives_the_same(int x, int y, int z)
    {
        using SegmentationModel model = Model(Classes);

        RequireSame(model, new VolumeSize(x, y, z), new OnnxNetworkOptions { Threads = 1 }, null);
    }

    [Theory]
    [InlineData(true, 8, 8, 8, 0.5, false)]
    [InlineData(true, 4, 8, 12, 0.25, true)]
    [InlineData(true, 16, 16, 16, 0, false)]
    [InlineData(false, 8, 4, 8, 0.7, true)]
    public void Windows_give_the_same(bool exclusive, int depth, int height, int width, double overlap, bool skipsBackground)
    {
        using SegmentationModel model = Model(exclusive ? Classes : Regions);
        SlidingWindowOptions windows = new() { WindowSize = [depth, height, width], Overlap = overlap, SkipBackground = skipsBackground, GaussianWidth = 0.2 };

        RequireSame(model, new VolumeSize(19, 10, 13), new OnnxNetworkOptions { Threads = 1, Windows = windows }, new SlidingWindowInference(windows));
    }

    [Theory]
    [InlineData(9, 6, 37)]
    [InlineData(4, 4, 16)]
    [InlineData(1, 3, 1)]
    public void A_network_of_slices_gives_the_same_slice_by_slice(int x, int y, int z)
    {
        torch.manual_seed(11);
        using var model = new SegmentationModel(
            OnnxRun.Stirred(new UNet2D(new() { Modalities = ["t1", "flair"], OutputChannels = 3, BaseWidth = 4, Levels = 3 })), Classes);

        RequireSame(model, new VolumeSize(x, y, z), new OnnxNetworkOptions { Threads = 1 }, null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Several_threads_may_predict_at_once(bool arena)
    {
        using SegmentationModel model = Model(Classes);
        VolumeSize size = new(9, 8, 7);
        Dictionary<string, float[]>[] images = [.. Enumerable.Range(0, 8).Select(_ => Images(model, size))];
        using OnnxCasePredictor predictor = Predictor(model, new OnnxNetworkOptions { Threads = 2, Configure = session => session.EnableCpuMemArena = arena });
        float[][][] alone = [.. images.Select(image => predictor.Probabilities(image, size))];

        float[][][] together = new float[images.Length][][];
        Parallel.For(0, images.Length, i => together[i] = predictor.Probabilities(images[i], size));

        for (int i = 0; i < images.Length; i++)
            together[i].Should().BeEquivalentTo(alone[i], options => options.WithStrictOrdering());
    }

    [Fact]
    public void The_predictor_says_what_the_file_says()
    {
        torch.manual_seed(12);
        using var model = new SegmentationModel(
            new UNet3D(new() { Modalities = ["t1", "flair"], OutputChannels = 2, BaseWidth = 2, Levels = 2 }),
            Regions,
            new Dictionary<string, string> { ["labels"] = "1=core,2=rim" });
        using OnnxCasePredictor predictor = Predictor(model);

        predictor.Modalities.Should().Equal("t1", "flair");
        predictor.NeedsAllModalities.Should().BeTrue();
        predictor.Labels.Should().BeOfType<OverlappingRegions>();
        predictor.Metadata.Should().Equal(model.Metadata);
    }

    [Fact]
    public void Images_that_do_not_fit_are_refused_by_name()
    {
        using SegmentationModel model = Model(Classes);
        using OnnxCasePredictor predictor = Predictor(model);
        VolumeSize size = new(4, 4, 8);
        Dictionary<string, float[]> images = Images(model, size);
        float[] broken = [.. images["t1"]];
        broken[5] = float.NaN;

        Refused(new() { ["t1"] = images["t1"] }).WithMessage("*'flair' is missing*t1*");
        Refused(new() { ["t1"] = images["t1"], ["flair"] = new float[3] }).WithMessage("*flair has 3 voxels*4×4×8*128*");
        Refused(new() { ["t1"] = broken, ["flair"] = images["flair"] }).WithMessage("*t1*not a finite number*");

        FluentAssertions.Specialized.ExceptionAssertions<ArgumentException> Refused(Dictionary<string, float[]> given) =>
            FluentActions.Invoking(() => predictor.Probabilities(given, size)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Options_that_do_not_fit_are_refused()
    {
        using SegmentationModel model = Model(Classes);
        using var slices = new SegmentationModel(new UNet2D(new() { Modalities = ["t1"], OutputChannels = 3, BaseWidth = 2, Levels = 2 }), Classes);

        Refused(model, new OnnxNetworkOptions { Threads = 0 }).WithMessage("*Threads*0*");
        Refused(model, Windows(8, 8)).WithMessage("*2 lengths*3 spatial axes*");
        Refused(model, Windows(8, 6, 8)).WithMessage("*8×6×8*multiple of 4*");
        Refused(model, new OnnxNetworkOptions { Windows = new SlidingWindowOptions { WindowSize = [8, 8, 8], Overlap = 1 } }).WithMessage("*Windows.Overlap*");
        Refused(model, new OnnxNetworkOptions { Windows = new SlidingWindowOptions { WindowSize = [8, 8, 8], Precision = Precision.Mixed } })
            .WithMessage("*Precision*");
        Refused(slices, Windows(8, 8)).WithMessage("*sees slices*");

        FluentAssertions.Specialized.ExceptionAssertions<ArgumentException> Refused(SegmentationModel of, OnnxNetworkOptions options) =>
            FluentActions.Invoking(() => Predictor(of, options)).Should().Throw<ArgumentException>();

        static OnnxNetworkOptions Windows(params long[] size) => new() { Windows = new SlidingWindowOptions { WindowSize = size } };
    }

    [Fact]
    public void A_file_that_is_absent_or_damaged_is_refused_by_name()
    {
        string damaged = _folder["damaged.onnx"];
        using SegmentationModel model = Model(Classes);
        OnnxExport.Save(model, damaged);
        byte[] bytes = File.ReadAllBytes(damaged);
        File.WriteAllBytes(damaged, bytes[..(bytes.Length / 2)]);

        FluentActions.Invoking(() => OnnxCasePredictor.Load(_folder["absent.onnx"])).Should().Throw<FileNotFoundException>().WithMessage("*absent.onnx*");
        FluentActions.Invoking(() => OnnxCasePredictor.Load(damaged)).Should().Throw<InvalidDataException>().WithMessage("*damaged.onnx*");
    }

    [Fact]
    public void A_network_of_patches_segments_in_windows_of_their_size()
    {
        IReadOnlyDictionary<string, string> patches = PatchMetadata.Write(new PatchSampling { Size = new VolumeSize(12, 4, 8) });
        using SegmentationModel whole = Model(Classes);
        using SegmentationModel model = new(whole.Network, Classes, patches);
        SlidingWindowOptions windows = new() { WindowSize = [8, 4, 12], SkipBackground = true };
        VolumeSize size = new(13, 9, 10);

        RequireSame(model, size, new OnnxNetworkOptions { Threads = 1 }, new SlidingWindowInference(windows));
        using OnnxCasePredictor byItself = Predictor(model), told = Predictor(whole, new OnnxNetworkOptions { Windows = windows });
        Dictionary<string, float[]> images = Images(model, size);
        byItself.Probabilities(images, size).Should().BeEquivalentTo(told.Probabilities(images, size), options => options.WithStrictOrdering());
    }

    [Fact]
    public void Patches_that_do_not_fit_the_network_are_the_fault_of_the_file()
    {
        using SegmentationModel whole = Model(Classes);
        using SegmentationModel model = new(whole.Network, Classes, PatchMetadata.Write(new PatchSampling { Size = new VolumeSize(8, 6, 8) }));

        FluentActions.Invoking(() => Predictor(model)).Should().Throw<InvalidDataException>().WithMessage("*model.onnx*8×6×8*multiple of 4*");
    }

    [Fact]
    public void An_output_of_other_channels_than_its_metadata_names_is_refused()
    {
        using OnnxCasePredictor predictor = OnnxCasePredictor.Load(Foreign(Described(["t1", "flair"]).Write(), ["1", "1"]));
        float[] image = new float[8];

        predictor.Invoking(each => each.Probabilities(new Dictionary<string, float[]> { ["t1"] = image, ["flair"] = image }, VolumeSize.Cube(2)))
            .Should().Throw<InvalidDataException>().WithMessage("*[1, 2, 2, 2, 2]*[1, 3, 2, 2, 2]*");
    }

    [Fact]
    public void A_file_without_our_metadata_is_refused_by_name() =>
        RefusedFile(new Dictionary<string, string>(), ["1", "1"]).WithMessage("*foreign.onnx*was not exported by KnowledgeDistillation*");

    [Fact]
    public void A_file_whose_inputs_are_not_its_modalities_is_refused() =>
        RefusedFile(Described(["t1", "t2"]).Write(), ["1", "1"]).WithMessage("*foreign.onnx*t1, t2*inputs are t1, flair*");

    [Theory]
    [InlineData("2")]
    [InlineData("17")]
    public void A_file_whose_images_have_several_channels_is_refused(string channels) =>
        RefusedFile(Described(["t1", "flair"]).Write(), ["1", channels]).WithMessage($"*foreign.onnx*'flair'*{channels}*one channel*");

    public void Dispose() => _folder.Dispose();

    private FluentAssertions.Specialized.ExceptionAssertions<InvalidDataException> RefusedFile(
        IReadOnlyDictionary<string, string> metadata,
        string[] channels) =>
        FluentActions.Invoking(() => OnnxCasePredictor.Load(Foreign(metadata, channels))).Should().Throw<InvalidDataException>();

    // Concatenates two images.
    private string Foreign(IReadOnlyDictionary<string, string> metadata, string[] channels)
    {
        string path = _folder["foreign.onnx"];
        using torch.nn.Module none = torch.nn.Identity();
        var graph = new OnnxGraph(none, 3);
        OnnxValue[] inputs = [graph.NewValue("t1"), graph.NewValue("flair")];
        OnnxValue joined = graph.Add("Concat", inputs, ("axis", 1L));
        OnnxFile.Write(
            path,
            graph,
            [.. inputs.Zip(channels, (input, count) => (input, (IReadOnlyList<string>)["batch", count, "depth", "height", "width"]))],
            (joined, ["batch", "channels", "depth", "height", "width"]),
            metadata);
        return path;
    }

    private static OnnxModelDescription Described(string[] modalities) => new()
    {
        Modalities = modalities,
        Labels = Classes,
        SizeMultiple = 1,
        SpatialDimensions = 3,
        Metadata = new Dictionary<string, string>(),
    };

    private static SegmentationModel Model(LabelScheme labels)
    {
        torch.manual_seed(10);
        return new SegmentationModel(
            OnnxRun.Stirred(new UNet3D(new() { Modalities = ["t1", "flair"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 3 })), labels);
    }

    private OnnxCasePredictor Predictor(SegmentationModel model, OnnxNetworkOptions? options = null)
    {
        string path = _folder["model.onnx"];
        OnnxExport.Save(model, path);
        return OnnxCasePredictor.Load(path, options);
    }

    // With a part that is 0 throughout, as the air around a head, where windows of air are skipped:
    // a norm makes much of the rounding in what is almost constant.
    private static Dictionary<string, float[]> Images(SegmentationModel model, VolumeSize size, bool withAir = false)
    {
        using var scope = torch.NewDisposeScope();
        return model.Network.Modalities.ToDictionary(name => name, _ =>
        {
            torch.Tensor image = torch.randn(size.Z, size.Y, size.X);
            if (withAir)
                image.narrow(2, 8, size.X - 8).zero_();
            return image.data<float>().ToArray();
        });
    }

    private void RequireSame(SegmentationModel model, VolumeSize size, OnnxNetworkOptions options, IInference? inference)
    {
        Dictionary<string, float[]> images = Images(model, size, withAir: options.Windows is { SkipBackground: true });
        using var scope = torch.NewDisposeScope();
        var tensors = new ModalityImages(images.Select(image => KeyValuePair.Create(image.Key, torch.tensor(image.Value, [1, 1, size.Z, size.Y, size.X]))));
        torch.Tensor wanted = model.PredictProbabilities(tensors, inference);

        using OnnxCasePredictor predictor = Predictor(model, options);
        float[][] given = predictor.Probabilities(images, size);

        given.Should().HaveCount(model.Labels.Channels);
        for (int channel = 0; channel < given.Length; channel++)
        {
            float[] expected = wanted[0, channel].contiguous().data<float>().ToArray();
            given[channel].Should().HaveSameCount(expected);
            given[channel].Zip(expected, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-5f);
        }

        given.Max(channel => channel.Max() - channel.Min()).Should().BeGreaterThan(size.VoxelCount == 1 ? -1 : 0.01f, "a constant would prove nothing");
    }
}
