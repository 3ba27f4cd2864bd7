using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

/// <summary>Against a module of PyTorch with MONAI's names, in tests/Fixtures/PyTorch.</summary>
public sealed class BasicUNetTests
{
    private static readonly BasicUNetOptions Options = new() { Modalities = ["ct", "pet"], OutputChannels = 3, Features = [2, 3, 4, 6, 8, 2] };

    [Fact]
    public void A_BasicUNet_of_MONAI_gives_its_logits()
    {
        using var scope = NewDisposeScope();
        using var network = new BasicUNet(Options);

        ForeignWeights.Load(network, Fixture("basic_unet.pth"), BasicUNetOptions.MonaiNames());

        using IDisposable noGradient = no_grad();
        IReadOnlyDictionary<string, Tensor> values = ForeignWeights.Read(Fixture("basic_unet_values.pth"));
        Tensor logits = network.call(values["images"]);
        (logits - values["logits"]).abs().max().item<float>().Should().BeLessThan(1e-5f);
    }

    [Fact]
    public void Its_levels_and_the_features_of_its_decoder_are_of_every_resolution()
    {
        using var scope = NewDisposeScope();
        using var network = new BasicUNet(Options);
        ModalityImages images = new(("pet", randn([1, 1, 16, 32, 16])), ("ct", randn([1, 1, 16, 32, 16])));

        NetworkOutput output = NetworkOutput.Of(network, images, network.DecoderFeatures);

        output.Encoding.Levels.Select(Shape).Should().Equal("1×2×16×32×16", "1×3×8×16×8", "1×4×4×8×4", "1×6×2×4×2", "1×8×1×2×1");
        network.DecoderFeatures.Select(name => $"{name} {Shape(output.DecoderFeature(name))}").Should().Equal(
            "last 1×2×16×32×16", "level 0 1×2×16×32×16", "level 1 1×3×8×16×8", "level 2 1×4×4×8×4", "level 3 1×6×2×4×2");
        Shape(output.Logits).Should().Be("1×3×16×32×16");
    }

    [Fact]
    public void Slices_work_as_volumes_do_and_a_checkpoint_builds_it_again()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var model = new SegmentationModel(
            new BasicUNet(Options with { SpatialDimensions = 2, ConvolutionBias = false }), new ExclusiveClasses("background", "lesion", "organ"));
        model.Save(folder["model"]);

        using SegmentationModel loaded = SegmentationModel.Load(folder["model"]);

        loaded.Network.SpatialDimensions.Should().Be(2);
        Tensor image = randn(2, 2, 32, 16);
        ((BasicUNet)loaded.Network).call(image).equal(((BasicUNet)model.Network).call(image)).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Its_defaults_are_those_of_MONAI()
    {
        using var network = new BasicUNet(new BasicUNetOptions { Modalities = ["ct"], OutputChannels = 2 });

        // As PyTorch counts them in a module of this structure with MONAI's default features.
        network.parameters().Sum(parameter => parameter.numel()).Should().Be(5_749_410);
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_all_faults()
    {
        using var network = new BasicUNet(Options);

        FluentActions.Invoking(() => network.call(zeros([1, 2, 16, 24, 16]))).Should().Throw<ArgumentException>().WithMessage("*16×24×16*16×32×16*");
        FluentActions.Invoking(() => network.call(zeros([1, 1, 16, 32, 16]))).Should().Throw<ArgumentException>().WithMessage("*2 channels (ct, pet)*");
        FluentActions.Invoking(() => new BasicUNet(Options with { Features = [2, 3, 5, 6, 0, 2], SpatialDimensions = 4, OutputChannels = 0 }))
            .Should().Throw<ArgumentException>().WithMessage("*OutputChannels*Features must be 6 numbers*must be even*SpatialDimensions must be 2 or 3*");
    }

    private static string Shape(Tensor tensor) => string.Join('×', tensor.shape);

    private static string Fixture(string name) => Path.Combine(SharedData.CheckoutFolder, "tests", "Fixtures", "PyTorch", name);
}
