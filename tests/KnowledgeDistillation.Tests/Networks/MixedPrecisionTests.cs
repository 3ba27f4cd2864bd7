using FluentAssertions;
using KnowledgeDistillation.Methods.DeMoSeg;
using KnowledgeDistillation.Methods.DisentangledFusion;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.MmFormer;
using KnowledgeDistillation.Methods.RFNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class MixedPrecisionTests
{
    public static TheoryData<string> Recipes => [.. AllRecipes().Keys];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_network_computes_in_bfloat16_and_gives_float32_logits_close_to_those_of_full_precision(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        using IEncoderDecoder network = AllRecipes()[name].Build();
        network.Module.eval();
        ModalityImages images = Images(network);
        Tensor full, mixed, bottleneck;
        using (no_grad())
        {
            full = network.Decode(network.Encode(images));
            using ComputePrecision.Scope precision = ComputePrecision.Use(Precision.Mixed, CPU);
            EncoderOutput encoding = network.Encode(images);
            (mixed, bottleneck) = (network.Decode(encoding), encoding.Bottleneck);
        }

        mixed.dtype.Should().Be(ScalarType.Float32);
        if (network is UShapedNetwork)
            bottleneck.dtype.Should().Be(ScalarType.BFloat16, "or no time is saved");
        double error = ((mixed - full).square().mean().sqrt() / full.std()).item<float>();
        error.Should().BeInRange(1e-5, 0.05, "8 bits of precision are lost, and no more");
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_network_learns_in_bfloat16_with_weights_of_float32(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        using IEncoderDecoder network = AllRecipes()[name].Build();
        ModalityImages images = Images(network);
        using (ComputePrecision.Use(Precision.Mixed, CPU))
            network.Decode(network.Encode(images)).square().mean().backward();

        Parameter[] parameters = [.. network.Module.parameters()];
        parameters.Should().OnlyContain(parameter => parameter.dtype == ScalarType.Float32);
        Tensor[] gradients = [.. parameters.Select(parameter => parameter.grad).OfType<Tensor>()];
        gradients.Should().NotBeEmpty();
        foreach (Tensor gradient in gradients)
        {
            gradient.dtype.Should().Be(ScalarType.Float32);
            gradient.isfinite().all().item<bool>().Should().BeTrue();
        }

    }

    [Theory]
    [InlineData(3, 1, new long[] { 2, 8, 8 })]
    [InlineData(3, 1, new long[] { 2, 2, 2 })]
    [InlineData(3, 2, new long[] { 8, 1, 8 })]
    [InlineData(5, 1, new long[] { 2, 8, 8 })]
    [InlineData(5, 1, new long[] { 4, 4, 4 })]
    [InlineData(7, 1, new long[] { 6, 8, 8 })]
    [InlineData(3, 1, new long[] { 3, 3, 3 })]
    [InlineData(3, 1, new long[] { 8, 8, 8 })]
    public void A_convolution_has_the_right_gradient_also_over_less_than_its_kernel(long kernel, long stride, long[] size)
    {
        using var scope = NewDisposeScope();
        HasTheRightGradient(new KnowledgeDistillation.Networks.Layers.Convolution(3, 32, 32, kernel, stride), size);
    }

    [Theory]
    [InlineData(new long[] { 1, 1, 1 })]
    [InlineData(new long[] { 1, 4, 4 })]
    [InlineData(new long[] { 8, 8, 8 })]
    public void A_transposed_convolution_has_the_right_gradient(long[] size)
    {
        using var scope = NewDisposeScope();
        HasTheRightGradient(new KnowledgeDistillation.Networks.Layers.TransposedConvolution(3, 32, 32), size);
    }

    private static void HasTheRightGradient(nn.Module<Tensor, Tensor> convolution, long[] size)
    {
        Tensor image = randn([1, 32, .. size]);
        Tensor Gradient(Precision precision)
        {
            convolution.zero_grad();
            // The content of memory that is freed now must not matter.
            full([1_000_000], float.NaN).Dispose();
            using (ComputePrecision.Use(precision, CPU))
                convolution.call(image).to(ScalarType.Float32).square().sum().backward();
            return convolution.get_parameter("weight")!.grad!.clone();
        }

        Tensor expected = Gradient(Precision.Full);
        for (int repetition = 0; repetition < 3; repetition++)
            ((Gradient(Precision.Mixed) - expected).norm() / expected.norm()).item<float>().Should().BeLessThan(0.02f);
        convolution.Dispose();
    }

    [Fact]
    public void The_precision_that_is_set_ends_with_its_scope()
    {
        using (ComputePrecision.Use(Precision.Mixed, CPU))
        {
            using (ComputePrecision.Use(Precision.Full, CPU))
                ComputePrecision.Current.Should().Be(Precision.Full);
            ComputePrecision.Current.Should().Be(Precision.Mixed);
        }

        ComputePrecision.Current.Should().Be(Precision.Full);
    }

    [Fact]
    public void A_fit_in_mixed_precision_learns_nearly_what_one_in_full_precision_learns()
    {
        double Last(Precision precision)
        {
            using UNet3D network = Toy.Student();
            using Batch spheres = Toy.Spheres();
            var options = new TrainingOptions { Epochs = 12, LearningRate = 1e-2, Precision = precision };
            return new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(spheres)).History[^1].Training.Total;
        }

        double full = Last(Precision.Full), mixed = Last(Precision.Mixed);
        mixed.Should().NotBe(full, "or nothing was computed in bfloat16");
        mixed.Should().BeApproximately(full, 0.1 * full);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Losses_see_features_of_float32_and_their_gradient_reaches_the_encoder(bool firstAskedWithoutGradient)
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Student();
        using Batch spheres = Toy.Spheres();
        NetworkOutput output;
        using (ComputePrecision.Use(Precision.Mixed, CPU))
        {
            network.Encode(spheres.Images).Levels.Should().Contain(level => level.dtype == ScalarType.BFloat16);
            output = NetworkOutput.Of(network, spheres.Images);
        }

        if (firstAskedWithoutGradient)
        {
            using IDisposable noGradient = no_grad();
            using var ofALoss = NewDisposeScope();
            _ = output.Encoding.Levels[0];
        }

        output.Encoding.Levels.Should().OnlyContain(level => level.dtype == ScalarType.Float32);
        output.Encoding.Levels[0].square().mean().backward();
        network.Module.parameters().First().grad!.abs().sum().item<float>().Should().BePositive();
    }

    [Fact]
    public void The_fastest_precision_is_one_of_the_two_and_what_a_fit_resumes_in()
    {
        using var folder = new TemporaryFolder();
        Precision fastest = TorchRuntime.FastestPrecision(), other = fastest == Precision.Full ? Precision.Mixed : Precision.Full;
        using Batch spheres = Toy.Spheres();
        void Fit(Precision precision, int epochs)
        {
            using UNet3D network = Toy.Student();
            new SupervisedTrainer(
                network, Toy.Labels, new TrainingOptions { Epochs = epochs, Precision = precision, OutputFolder = folder["run"], Resume = true })
                .Fit(Toy.Source(spheres));
        }

        Fit(Precision.Fastest, 1);
        Fit(fastest, 2);
        FluentActions.Invoking(() => Fit(other, 3)).Should().Throw<CheckpointException>().WithMessage($"*Precision*{fastest}*{other}*");
    }

    private static Dictionary<string, NetworkRecipe> AllRecipes()
    {
        string[] modalities = ["a", "b"];
        NetworkRecipe[] recipes =
        [
            new UNet3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3 },
            new UNet3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3, Upsampling = Upsampling.TransposedConvolution },
            new UNet2DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3 },
            new MultiResUNet3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 8, Levels = 3 },
            new HemisUNet3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3 },
            new HvedUNet3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3 },
            new DisentangledFusionNet3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3 },
            new DeMoSeg3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3 },
            new MmFormer3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3 },
            new RFNet3DOptions { Modalities = modalities, OutputChannels = 3, BaseWidth = 4, Levels = 3 },
        ];
        return recipes.Index().ToDictionary(recipe => $"{recipe.Item.GetType().Name} {recipe.Index}", recipe => recipe.Item);
    }

    private static ModalityImages Images(IEncoderDecoder network)
    {
        long[] shape = network is UNet2D ? [2, 1, 16, 16] : [2, 1, 16, 16, 16];
        return new ModalityImages(network.Modalities.ToDictionary(name => name, _ => randn(shape)));
    }
}
