using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class HvedUNet3DTests
{
    [Fact]
    public void The_default_has_as_many_parameters_as_the_published_weights()
    {
        using var network = new HvedUNet3D(new HvedUNet3DOptions { Modalities = HeteroModal.Modalities, OutputChannels = 4 });

        // Norms of two parameters per channel, convolutions without bias.
        static long Block(long inputs, long middle, long outputs) => (2 * inputs) + (27 * inputs * middle) + (2 * middle) + (27 * middle * outputs);
        long encoder = 8 + Block(8, 8, 8) + Block(8, 16, 16) + Block(16, 32, 32) + Block(32, 64, 64);
        long decoder = Block(32 + 16, 32, 16) + Block(16 + 8, 16, 8) + Block(8 + 4, 8, 4);

        network.parameters().Sum(parameter => parameter.numel()).Should().Be((4 * encoder) + (5 * decoder) + (4 * 4) + (4 * 4)).And.Be(1_250_552);
        network.SizeMultiple.Should().Be(8);
    }

    [Fact]
    public void Latent_codes_have_half_the_width_of_a_level()
    {
        using var scope = NewDisposeScope();
        using var network = new HvedUNet3D(new HvedUNet3DOptions { Modalities = ["t1ce"], OutputChannels = 4 });
        network.Encode(new ModalityImages(("t1ce", randn([1, 1, 16, 8, 24])))).Levels.Select(level => string.Join('×', level.shape))
            .Should().Equal("1×4×16×8×24", "1×8×8×4×12", "1×16×4×2×6", "1×32×2×1×3");
    }

    [Fact]
    public void A_product_of_Gaussians_is_the_one_computed_by_hand()
    {
        using var scope = NewDisposeScope();
        // Precisions 1 (prior), 2 and 1: T = 4, mean (2·3 + 1·(−2)) / 4 = 1.
        DiagonalGaussian product = GaussianExpert.ProductWithPrior([Expert(3, 0.5), Expert(-2, 1)]);
        product.Mean.item<double>().Should().BeApproximately(1, 1e-6);
        product.LogVariance.item<double>().Should().BeApproximately(Math.Log(0.25), 1e-6);

        // A modality that knows nothing leaves the prior; one that is certain leaves nothing else, and the 1e-7 bounds its precision.
        GaussianExpert.ProductWithPrior([Expert(3, Math.Exp(50))]).Mean.item<double>().Should().BeApproximately(0, 1e-12);
        DiagonalGaussian certain = GaussianExpert.ProductWithPrior([Expert(3, Math.Exp(-50)), Expert(5, 1)]);
        certain.Mean.item<double>().Should().BeApproximately(3, 1e-5);
        certain.LogVariance.item<double>().Should().BeApproximately(-Math.Log(1e7), 1e-5);
    }

    [Fact]
    public void A_product_of_Gaussians_is_proportional_to_the_product_of_their_densities()
    {
        using var scope = NewDisposeScope();
        (double Mean, double Variance)[] experts = [(0.7, 0.3), (-1.2, 2), (0.1, 0.9)];
        DiagonalGaussian product = GaussianExpert.ProductWithPrior(experts.Select(expert => Expert(expert.Mean, expert.Variance)));
        double LogProduct(double x) => experts.Append((0, 1)).Sum(expert => -(x - expert.Mean) * (x - expert.Mean) / (2 * expert.Variance));
        double LogFused(double x) =>
            -(x - product.Mean.item<double>()) * (x - product.Mean.item<double>()) / (2 * Math.Exp(product.LogVariance.item<double>()));
        for (double x = -3; x <= 3; x += 0.25)
            (LogProduct(x) - LogProduct(0)).Should().BeApproximately(LogFused(x) - LogFused(0), 1e-5);
    }

    [Fact]
    public void The_fused_distribution_of_every_subset_is_that_of_its_modalities()
    {
        using var scope = NewDisposeScope();
        using var network = Evaluated();
        foreach (string[] subset in HeteroModal.Subsets(HeteroModal.Modalities))
        {
            var encoding = (HvedEncoderOutput)network.Encode(HeteroModal.Images(subset));
            encoding.FusedModalities.Should().Equal(subset);
            encoding.Posteriors.Keys.Should().Equal(subset);
            for (int level = 0; level < 2; level++)
            {
                (Tensor precision, Tensor weighted) = (ones(1, ScalarType.Float64), zeros(1, ScalarType.Float64));
                foreach (string name in subset)
                {
                    DiagonalGaussian posterior = encoding.Posteriors[name][level];
                    Tensor t = 1 / (posterior.LogVariance.to(ScalarType.Float64).exp() + 1e-7);
                    (precision, weighted) = (precision + t, weighted + (t * posterior.Mean.to(ScalarType.Float64)));
                }

                encoding.Fused[level].Mean.to(ScalarType.Float64).allclose(weighted / precision, atol: 1e-5).Should().BeTrue();
                encoding.Fused[level].LogVariance.to(ScalarType.Float64).allclose(-precision.log(), atol: 1e-5).Should().BeTrue();
                encoding.Levels[level].equal(encoding.Fused[level].Mean).all().item<bool>().Should().BeTrue("evaluation mode gives the mean");
            }
        }
    }

    [Fact]
    public void Codes_are_sampled_in_training_and_at_inference_where_the_options_say_so()
    {
        using var scope = NewDisposeScope();
        using var network = new HvedUNet3D(new HvedUNet3DOptions { Modalities = ["t1"], OutputChannels = 2, BaseWidth = 8, Levels = 2 });
        using var sampling = new HvedUNet3D(
            new HvedUNet3DOptions { Modalities = ["t1"], OutputChannels = 2, BaseWidth = 8, Levels = 2, SampleAtInference = true });
        sampling.eval();
        ModalityImages images = HeteroModal.Images("t1");
        foreach (HvedUNet3D sampled in new[] { network, sampling })
        {
            manual_seed(4);
            var encoding = (HvedEncoderOutput)sampled.Encode(images);
            Tensor noise = (encoding.Levels[0] - encoding.Fused[0].Mean) / (encoding.Fused[0].LogVariance / 2).exp();
            noise.mean().item<float>().Should().BeApproximately(0, 0.05f);
            noise.var().item<float>().Should().BeApproximately(1, 0.1f);
            sampled.Encode(images).Levels[0].allclose(encoding.Levels[0]).Should().BeFalse("each call draws another sample");
        }

        network.eval();
        network.Encode(images).Levels[0].equal(network.Encode(images).Levels[0]).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Log_variances_are_clipped()
    {
        using var scope = NewDisposeScope();
        using var network = Evaluated();
        using IDisposable noGradient = no_grad();
        network.get_parameter("encoders.0.levels.0.convolution2.weight")!.mul_(1e6);
        var encoding = (HvedEncoderOutput)network.Encode(HeteroModal.Images("t1", "t2"));
        DiagonalGaussian posterior = encoding.Posteriors["t1"][0];
        posterior.LogVariance.min().item<float>().Should().Be(-50);
        posterior.LogVariance.max().item<float>().Should().Be(50);
        posterior.Mean.abs().max().item<float>().Should().BeGreaterThan(50, "means are not clipped");
        encoding.Levels.Should().OnlyContain(level => level.isfinite().all().item<bool>());
        new ModalitySubsetDivergenceLoss().Compute(encoding).isfinite().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Every_modality_is_reconstructed_from_any_subset_and_from_the_codes_that_the_segmentation_sees()
    {
        using var scope = NewDisposeScope();
        using var network = (HvedUNet3D)HeteroModal.Network("U-HVED");
        EncoderOutput encoding = network.Encode(HeteroModal.Images("t2"));
        ModalityImages images = network.Reconstruct(encoding);
        images.Names.Should().Equal(HeteroModal.Modalities);
        images["flair"].shape.Should().Equal(2, 1, 8, 8, 12);
        network.Reconstruct(encoding)["flair"].equal(images["flair"]).all().item<bool>().Should().BeTrue("the code is drawn once, by the encoder");

        Tensor shallow = encoding.Levels[0] + 1;
        var other = new EncoderOutput(shallow, encoding.Levels[1]);
        network.Reconstruct(other)["t1"].allclose(images["t1"]).Should().BeFalse();
        network.Decode(other).allclose(network.Decode(encoding)).Should().BeFalse();
        network.Invoking(it => it.Reconstruct(new EncoderOutput(shallow))).Should().Throw<ArgumentException>().WithMessage("*2 levels*has 1*");
    }

    [Fact]
    public void A_modality_that_was_not_drawn_learns_from_the_divergence_alone()
    {
        using var network = (HvedUNet3D)HeteroModal.Network("U-HVED");
        network.train();
        manual_seed(Enumerable.Range(0, 100).First(seed =>
        {
            manual_seed(seed);
            return ModalitySubset.Draw(HeteroModal.Modalities).SequenceEqual(["t1ce", "flair"]);
        }));
        using var scope = NewDisposeScope();
        ModalityImages images = HeteroModal.Images(HeteroModal.Modalities);
        NetworkOutput output = NetworkOutput.Of(network, images);
        var encoding = (HvedEncoderOutput)output.Encoding;
        encoding.FusedModalities.Should().Equal("t1ce", "flair");
        encoding.Posteriors.Keys.Should().Equal(HeteroModal.Modalities);

        (output.Logits.square().mean() + new ReconstructionLoss().Compute(network.Reconstruct(encoding), images)).backward(retain_graph: true);
        Taught().Should().Equal(false, true, false, true);
        new ModalitySubsetDivergenceLoss().Compute(encoding).backward();
        Taught().Should().Equal(true, true, true, true);

        IEnumerable<bool> Taught() => Enumerable.Range(0, 4).Select(index =>
            network.get_parameter($"encoders.{index}.levels.1.convolution2.weight")!.grad is Tensor gradient && gradient.abs().max().item<float>() > 0);
    }

    [Fact]
    public void A_detached_encoding_keeps_everything_but_the_graph()
    {
        using var scope = NewDisposeScope();
        using var network = (HvedUNet3D)HeteroModal.Network("U-HVED");
        var encoding = (HvedEncoderOutput)network.Encode(HeteroModal.Images("t1", "t2"));
        var detached = (HvedEncoderOutput)encoding.Detach();
        detached.FusedModalities.Should().Equal(encoding.FusedModalities);
        detached.Posteriors.Keys.Should().Equal("t1", "t2");
        Tensors(encoding).Should().OnlyContain(tensor => tensor.requires_grad);
        Tensors(detached).Should().OnlyContain(tensor => !tensor.requires_grad);
        Tensors(detached).Zip(Tensors(encoding)).Should().OnlyContain(pair => pair.First.equal(pair.Second).all().item<bool>());

        static IEnumerable<Tensor> Tensors(HvedEncoderOutput output) =>
            output.Levels.Concat(output.Fused.Concat(output.Posteriors.Values.SelectMany(levels => levels))
                .SelectMany(gaussian => new[] { gaussian.Mean, gaussian.LogVariance }));
    }

    [Fact]
    public void An_encoding_that_does_not_hang_together_is_refused()
    {
        using var scope = NewDisposeScope();
        var gaussian = new DiagonalGaussian(zeros(1, 1, 2), zeros(1, 1, 2));
        var posteriors = new Dictionary<string, IReadOnlyList<DiagonalGaussian>> { ["t1"] = [gaussian] };
        Func<object> levels = () => new HvedEncoderOutput([zeros(1, 1, 2)], [gaussian, gaussian], ["t1"], posteriors);
        Func<object> modality = () => new HvedEncoderOutput([zeros(1, 1, 2)], [gaussian], ["t2"], posteriors);
        levels.Should().Throw<ArgumentException>().WithMessage("*1 levels*");
        modality.Should().Throw<ArgumentException>().WithMessage("*(t2)*t1*");
    }

    [Fact]
    public void Every_fault_of_the_options_is_named_at_once()
    {
        Action make = () => new HvedUNet3DOptions { Modalities = [], OutputChannels = 4, BaseWidth = 0, Levels = 9 }.Build();
        make.Should().Throw<ArgumentException>().WithMessage(
            "HvedUNet3DOptions: Modalities must name at least one modality. BaseWidth must be even and from 2 to 1024, but is 0. "
                + "Levels must be from 2 to 8, but is 9.");
    }

    private static HvedUNet3D Evaluated()
    {
        var network = (HvedUNet3D)HeteroModal.Network("U-HVED");
        network.eval();
        return network;
    }

    private static GaussianExpert Expert(double mean, double variance) => GaussianExpert.Of(new DiagonalGaussian(tensor(mean), tensor(Math.Log(variance))));
}
