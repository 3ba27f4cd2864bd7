using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

/// <summary>Against modules of PyTorch with nnU-Net's and MONAI's names, in tests/Fixtures/PyTorch.</summary>
public sealed class PlainConvUNetTests
{
    private static readonly PlainConvUNetOptions Options = new()
    {
        Modalities = ["ct", "pet"],
        OutputChannels = 3,
        Features = [2, 4, 6],
        KernelSizes = [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
        Strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
        EncoderConvolutions = [1, 2, 3],
        DecoderConvolutions = [2, 1],
    };

    private static readonly PlainConvUNetOptions DynUNet = Options with { EncoderConvolutions = null, DecoderConvolutions = null, ConvolutionBias = false };

    [Fact]
    public void A_network_of_nnUNet_gives_its_logits()
    {
        using var network = new PlainConvUNet(Options);

        ForeignWeights.Load(network, Fixture("plain_conv_unet.pth"), Options.NnUNetNames());

        RequireLogits(network, "plain_conv_unet_values.pth");
    }

    [Fact]
    public void A_DynUNet_of_MONAI_gives_its_logits()
    {
        using var network = new PlainConvUNet(DynUNet);

        ForeignWeights.Load(network, Fixture("dyn_unet.pth"), DynUNet.DynUNetNames());

        RequireLogits(network, "dyn_unet_values.pth");
    }

    [Fact]
    public void Weights_of_another_architecture_are_listed()
    {
        using var network = new PlainConvUNet(Options with { Features = [2, 4, 8], EncoderConvolutions = [1, 2, 2] });

        FluentActions.Invoking(() => ForeignWeights.Load(network, Fixture("plain_conv_unet.pth"), Options.NnUNetNames()))
            .Should().Throw<CheckpointException>().WithMessage("*encoder.2.2.*unknown to the network*");
    }

    [Fact]
    public void Strides_that_multiply_beyond_any_image_are_refused()
    {
        IReadOnlyList<int> ones = [1, 1, 1], coarse = [8, 7, 5];
        PlainConvUNetOptions options = Options with
        {
            Features = [1, 1, 1, 1, 1, 1, 1, 1],
            KernelSizes = [.. Enumerable.Repeat(ones, 8)],
            Strides = [ones, .. Enumerable.Repeat(coarse, 7)],
            EncoderConvolutions = null,
            DecoderConvolutions = null,
        };

        FluentActions.Invoking(() => new PlainConvUNet(options)).Should().Throw<ArgumentException>().WithMessage("*Strides*least common multiple*4096*");
    }

    [Fact]
    public void In_bfloat16_its_logits_are_float32_and_nothing_is_left_behind()
    {
        using var scope = NewDisposeScope();
        using var network = new PlainConvUNet(DynUNet);
        ModalityImages images = new(("ct", rand([1, 1, 8, 16, 16])), ("pet", rand([1, 1, 8, 16, 16])));
        using (no_grad())
        using (ComputePrecision.Use(Precision.Mixed, CPU))
        {
            EncoderOutput encoding = network.Encode(images);
            long before = scope.DisposablesCount;

            Tensor logits = network.Decode(encoding);

            logits.dtype.Should().Be(ScalarType.Float32);
            (scope.DisposablesCount - before).Should().Be(1, "the logits alone are the caller's");
        }
    }

    [Fact]
    public void Its_levels_are_features_of_every_resolution()
    {
        using var scope = NewDisposeScope();
        using var network = new PlainConvUNet(Options);
        ModalityImages images = new(("pet", randn([1, 1, 4, 8, 12])), ("ct", randn([1, 1, 4, 8, 12])));

        EncoderOutput encoding = network.Encode(images);

        encoding.Levels.Select(level => string.Join('×', level.shape)).Should().Equal("1×2×4×8×12", "1×4×4×4×6", "1×6×2×2×3");
        network.Decode(encoding).shape.Should().Equal(1, 3, 4, 8, 12);
        network.SizeMultiple.Should().Be(4);
    }

    [Theory]
    [InlineData(3, 8, 12, "*3×8×12*multiples of 2×4×4*4×8×12*")]
    [InlineData(2, 4, 4, "*2×4×4*4×8×8*")]
    public void A_size_that_does_not_fit_is_refused_with_one_that_does(long depth, long height, long width, string message)
    {
        using var network = new PlainConvUNet(Options);

        FluentActions.Invoking(() => network.call(zeros([1, 2, depth, height, width]))).Should().Throw<ArgumentException>().WithMessage(message);
        FluentActions.Invoking(() => network.call(zeros([1, 1, 4, 8, 8]))).Should().Throw<ArgumentException>().WithMessage("*2 channels (ct, pet)*");
    }

    [Fact]
    public void Slices_work_as_volumes_do_and_a_checkpoint_builds_it_again()
    {
        using var folder = new TemporaryFolder();
        manual_seed(3);
        using var model = new SegmentationModel(
            new PlainConvUNet(Options with { KernelSizes = [[3, 3], [3, 5], [3, 3]], Strides = [[1, 1], [2, 2], [2, 1]] }),
            new ExclusiveClasses("background", "lesion", "organ"));
        model.Save(folder["model"]);

        using SegmentationModel loaded = SegmentationModel.Load(folder["model"]);

        loaded.Network.SpatialDimensions.Should().Be(2);
        using Tensor image = randn(2, 2, 8, 6), expected = ((PlainConvUNet)model.Network).call(image), given = ((PlainConvUNet)loaded.Network).call(image);
        given.equal(expected).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Options_that_make_no_sense_are_all_named() => FluentActions.Invoking(() => new PlainConvUNet(Options with
    {
        Features = [0, 4, 6],
        KernelSizes = [[1, 2, 3], [3, 3, 3], [3, 3, 3]],
        Strides = [[1, 2, 1], [1, 2, 2], [2, 9, 2]],
        EncoderConvolutions = [1],
        DecoderConvolutions = [0, 1],
    })).Should().Throw<ArgumentException>()
        .WithMessage("*Features must be*Strides must name*Strides must be 1*KernelSizes*EncoderConvolutions must name 3*DecoderConvolutions must name 2*");

    private static string Fixture(string name) => Path.Combine(SharedData.CheckoutFolder, "tests", "Fixtures", "PyTorch", name);

    private static void RequireLogits(PlainConvUNet network, string values)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        IReadOnlyDictionary<string, Tensor> expected = ForeignWeights.Read(Fixture(values));
        network.eval();

        Tensor logits = network.call(expected["images"]);

        (logits - expected["logits"]).abs().max().item<float>().Should().BeLessThan(1e-5f);
        logits.abs().max().item<float>().Should().BeGreaterThan(0.1f);
    }
}
