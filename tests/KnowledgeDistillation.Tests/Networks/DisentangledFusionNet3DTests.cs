using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.DisentangledFusion;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class DisentangledFusionNet3DTests
{
    [Fact]
    public void The_number_of_parameters_is_that_counted_by_hand()
    {
        using var network = new DisentangledFusionNet3D(new DisentangledFusionNet3DOptions { Modalities = HeteroModal.Modalities, OutputChannels = 4 });

        static long Unit(long inputs, long outputs, long kernel = 3) => (kernel * kernel * kernel * inputs * outputs) + (2 * outputs);
        static long Convolution(long inputs, long outputs, long kernel) => (kernel * kernel * kernel * inputs * outputs) + outputs;
        long Level(long inputs, long width) => Unit(inputs, width) + (2 * Unit(width, width));
        long content = Level(1, 16) + Level(16, 32) + Level(32, 64) + Level(64, 128);
        long appearance = Convolution(1, 32, 7) + Convolution(32, 64, 4) + Convolution(64, 128, 4) + Convolution(128, 128, 4) + (2 * ((128 * 8) + 8));
        long Fusion(long width) => Convolution(4 * width, 4, 3) + Unit(4 * width, width, 1);
        long fusions = Fusion(16) + Fusion(32) + Fusion(64) + Fusion(128);
        long Step(long deeper, long width) => Unit(deeper, width) + Unit(2 * width, width) + Unit(width, width, 1);
        long segmentation = Step(128, 64) + Step(64, 32) + Step(32, 16) + Convolution(16, 4, 1);
        long perceptron = (8 * 128) + 128 + (128 * 128) + 128 + (128 * 256) + 256;
        long Raise(long deeper, long width) => Convolution(deeper, width, 5) + (2 * width);
        long reconstruction = perceptron + (4 * 2 * 27 * 128 * 128) + Raise(128, 64) + Raise(64, 32) + Raise(32, 16) + Convolution(16, 1, 7);

        network.parameters().Sum(parameter => parameter.numel()).Should().Be((4 * (content + appearance + reconstruction)) + fusions + segmentation)
            .And.Be(33_273_944);
        network.SizeMultiple.Should().Be(8);
    }

    [Fact]
    public void Content_codes_double_their_width_and_halve_their_size_at_each_level()
    {
        using var scope = NewDisposeScope();
        using var network = new DisentangledFusionNet3D(new DisentangledFusionNet3DOptions { Modalities = ["t1ce"], OutputChannels = 4, BaseWidth = 2 });
        var encoding = (DisentangledEncoderOutput)network.Encode(new ModalityImages(("t1ce", randn([2, 1, 16, 8, 24]))));
        encoding.Levels.Select(level => string.Join('×', level.shape)).Should().Equal("2×2×16×8×24", "2×4×8×4×12", "2×8×4×2×6", "2×16×2×1×3");
        encoding.AppearanceCodes["t1ce"].shape.Should().Equal(2, 8);
        network.Reconstruct(encoding)["t1ce"].shape.Should().Equal(2, 1, 16, 8, 24);
    }

    [Fact]
    public void The_fusion_is_the_one_computed_by_hand_and_a_missing_modality_is_a_content_of_zeros()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var fusion = new GatedFusion(modalities: 3, width: 2);
        Tensor[] contents = [.. Enumerable.Range(0, 3).Select(_ => randn([1, 2, 2, 2, 2]))];
        Tensor weight = fusion.get_parameter("gates.weight")!;
        Tensor bias = fusion.get_parameter("gates.bias")!;
        Tensor gates = 1 / (1 + (-nn.functional.conv3d(cat(contents, 1), weight, bias, padding: [1, 1, 1])).exp());
        gates.shape.Should().Equal(1, 3, 2, 2, 2);
        Tensor gated = cat([.. contents.Select((content, index) => content * gates.narrow(1, index, 1))], 1);
        Tensor joined = nn.functional.conv3d(gated, fusion.get_parameter("join.convolution.weight")!);
        Tensor centered = joined - joined.mean([2, 3, 4], keepdim: true);
        Tensor normalized = centered / (centered.square().mean([2, 3, 4], keepdim: true) + 1e-5).sqrt();
        fusion.call(contents).allclose(maximum(normalized, 0.2 * normalized), rtol: 1e-4, atol: 1e-5).Should().BeTrue();

        Tensor missing = fusion.call([contents[0], null, contents[2]]);
        missing.equal(fusion.call([contents[0], zeros_like(contents[1]), contents[2]])).all().item<bool>().Should().BeTrue();
        missing.allclose(fusion.call(contents)).Should().BeFalse();
    }

    [Fact]
    public void The_images_at_hand_are_reconstructed_also_those_whose_content_was_not_fused()
    {
        using var scope = NewDisposeScope();
        using var network = (DisentangledFusionNet3D)HeteroModal.Network("disentangled fusion");
        network.train();
        bool leftOut = false;
        for (int draw = 0; draw < 8; draw++)
        {
            var encoding = (DisentangledEncoderOutput)network.Encode(HeteroModal.Images("flair", "t1", "t2"));
            encoding.FusedModalities.Should().BeSubsetOf(["t1", "t2", "flair"]);
            leftOut |= encoding.FusedModalities.Count < 3;
            ModalityImages images = network.Reconstruct(encoding);
            images.Names.Should().Equal("t1", "t2", "flair");
            images["flair"].shape.Should().Equal(2, 1, 8, 8, 12);
        }

        leftOut.Should().BeTrue();
        network.Invoking(it => it.Reconstruct(new EncoderOutput(zeros([1, 4, 8, 8, 8]), zeros([1, 8, 4, 4, 4])))).Should().Throw<ArgumentException>()
            .WithMessage("*no appearance codes*");
    }

    [Fact]
    public void The_appearance_is_sampled_in_training_and_changes_the_image_but_not_the_segmentation()
    {
        using var scope = NewDisposeScope();
        using var network = (DisentangledFusionNet3D)HeteroModal.Network("disentangled fusion");
        ModalityImages images = HeteroModal.Images("t1");
        var first = (DisentangledEncoderOutput)network.Encode(images);
        var second = (DisentangledEncoderOutput)network.Encode(images);
        first.AppearanceCodes["t1"].allclose(second.AppearanceCodes["t1"]).Should().BeFalse();
        network.Reconstruct(first)["t1"].allclose(network.Reconstruct(second)["t1"]).Should().BeFalse();
        network.Decode(first).equal(network.Decode(second)).all().item<bool>().Should().BeTrue();

        network.eval();
        var evaluated = (DisentangledEncoderOutput)network.Encode(images);
        evaluated.AppearanceCodes["t1"].equal(evaluated.Appearances["t1"].Mean).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void An_appearance_is_of_a_modality_alone()
    {
        using var scope = NewDisposeScope();
        using var network = (DisentangledFusionNet3D)HeteroModal.Network("disentangled fusion");
        network.eval();
        var alone = (DisentangledEncoderOutput)network.Encode(HeteroModal.Images("t2"));
        var together = (DisentangledEncoderOutput)network.Encode(HeteroModal.Images("t1", "t2"));
        together.Appearances["t2"].Mean.equal(alone.Appearances["t2"].Mean).all().item<bool>().Should().BeTrue();
        together.Bottleneck.allclose(alone.Bottleneck).Should().BeFalse();
    }

    [Fact]
    public void The_divergence_of_the_appearance_is_summed_over_a_code_and_averaged_over_modalities_and_samples()
    {
        using var scope = NewDisposeScope();
        // ½ (1 + 4 − 1 − 0) + ½ (1/4 + 0 − 1 − log ¼) of the first, 0 of the second sample; the other modality is at the prior.
        var known = new DiagonalGaussian(tensor(new[] { 2f, 0f, 0f, 0f }).reshape(2, 2), tensor(new[] { 0f, (float)Math.Log(0.25), 0f, 0f }).reshape(2, 2));
        var prior = new DiagonalGaussian(zeros(2, 2), zeros(2, 2));
        double sum = 2 + (0.5 * (0.25 - 1 - Math.Log(0.25)));
        var encoding = new DisentangledEncoderOutput(
            [zeros(2, 1, 1)],
            ["t1"],
            new Dictionary<string, DiagonalGaussian> { ["t1"] = known, ["t2"] = prior },
            new Dictionary<string, Tensor> { ["t1"] = known.Mean, ["t2"] = prior.Mean });
        new AppearanceDivergenceLoss().Compute(encoding).item<float>().Should().BeApproximately((float)(sum / 4), 1e-6f);
        new AppearanceDivergenceLoss(BatchReduction.Sum).Compute(encoding).item<float>().Should().BeApproximately((float)(sum / 2), 1e-6f);

        Func<object> mixed = () =>
            new DisentangledEncoderOutput([zeros(1, 1, 1)], ["t1"], encoding.Appearances, new Dictionary<string, Tensor> { ["t1"] = known.Mean });
        mixed.Should().Throw<ArgumentException>().WithMessage("*t1, t2*not of t1.*");
        Action other = () => new AppearanceDivergenceLoss().Compute(Contexts.Of(Contexts.BratsClasses, zeros([1, 2], ScalarType.Int64), zeros(1, 4, 2)));
        other.Should().Throw<ArgumentException>().WithMessage("*DisentangledFusionNet3D*TensorNetwork gives none.*");
    }

    [Fact]
    public void A_detached_encoding_keeps_everything_but_the_graph()
    {
        using var scope = NewDisposeScope();
        using var network = (DisentangledFusionNet3D)HeteroModal.Network("disentangled fusion");
        var encoding = (DisentangledEncoderOutput)network.Encode(HeteroModal.Images("t1", "t2"));
        var detached = (DisentangledEncoderOutput)encoding.Detach();
        detached.FusedModalities.Should().Equal(encoding.FusedModalities);
        Tensors(encoding).Should().OnlyContain(tensor => tensor.requires_grad);
        Tensors(detached).Should().OnlyContain(tensor => !tensor.requires_grad);
        Tensors(detached).Zip(Tensors(encoding)).Should().HaveCount(2 + 4 + 2).And.OnlyContain(pair => pair.First.equal(pair.Second).all().item<bool>());

        static IEnumerable<Tensor> Tensors(DisentangledEncoderOutput output) =>
            output.Levels.Concat(output.Appearances.Values.SelectMany(gaussian => new[] { gaussian.Mean, gaussian.LogVariance }))
                .Concat(output.AppearanceCodes.Values);
    }

    [Fact]
    public void The_objective_is_that_of_the_published_code()
    {
        DisentangledFusionObjective.Create().Terms.Select(term => (term.Name, term.Weight))
            .Should().Equal(("cross-entropy", 1), ("Dice", 1), ("reconstruction", 0.4), ("appearance", 0.4));
        Action wrong = () => DisentangledFusionObjective.Create(new() { AppearanceWeight = double.PositiveInfinity, ReconstructionWeight = -1 });
        wrong.Should().Throw<ArgumentException>()
            .WithMessage("DisentangledFusionObjectiveOptions: ReconstructionWeight must be at least 0*AppearanceWeight must be at least 0*");
    }

    [Fact]
    public void Every_fault_of_the_options_is_named_at_once()
    {
        Action make = () => new DisentangledFusionNet3DOptions { Modalities = [" "], OutputChannels = 4, BaseWidth = 5, AppearanceDimension = 0 }.Build();
        make.Should().Throw<ArgumentException>().WithMessage(
            "DisentangledFusionNet3DOptions: Modalities must not hold an empty name. BaseWidth must be even and from 2 to 1024, but is 5. "
                + "AppearanceDimension must be from 1 to 1024, but is 0.");
    }
}
