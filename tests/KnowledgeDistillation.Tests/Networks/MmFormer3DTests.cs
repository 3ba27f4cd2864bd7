using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.MmFormer;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class MmFormer3DTests
{
    [Fact]
    public void The_number_of_parameters_is_that_counted_by_hand_and_differs_from_the_published_one_by_what_has_no_effect()
    {
        using var network = new MmFormer3D(new MmFormer3DOptions { Modalities = HeteroModal.Modalities, OutputChannels = 4 });

        Count(published: false).Should().Be(network.parameters().Sum(parameter => parameter.numel())).And.Be(36_397_112);
        Count(published: true).Should().Be(36_654_416, "that is the number of the published code");
        network.SizeMultiple.Should().Be(16);

        // Published is a bias of each convolution, norms without parameters, and per modality a convolution that is never used.
        static long Count(bool published)
        {
            long[] widths = [8, 16, 32, 64, 128];
            long Unit(long inputs, long outputs, long kernel = 3) => (kernel * kernel * kernel * inputs * outputs) + (published ? outputs : 2 * inputs);
            static long Dense(long inputs, long outputs) => (inputs * outputs) + outputs;
            long encoder = (27 * 8) + (published ? 8 : 0) + (2 * Unit(8, 8))
                + widths.Zip(widths.Skip(1)).Sum(pair => Unit(pair.First, pair.Second) + (2 * Unit(pair.Second, pair.Second)));
            const long Block = (2 * 2 * 512) + (3 * 512 * 512) + (512 * 512) + 512 + (512 * 4096) + 4096 + (4096 * 512) + 512;
            long modality = encoder + Dense(128, 512) + (8 * 8 * 8 * 512) + Block + (published ? Dense(512, 128) : 0);
            long correlation = Block + (4 * 512 * 4 * 128) + (published ? 4 * 128 : 0);
            long decoder = widths.Zip(widths.Skip(1))
                .Sum(pair => Unit(pair.Second, pair.First) + Unit(2 * pair.First, pair.First) + Unit(pair.First, pair.First, 1));
            long fusions = widths.Sum(width => Unit(4 * width, width, 1) + Unit(width, width) + Unit(width, width, 1));
            return (4 * modality) + correlation + (2 * decoder) + fusions + widths.Skip(1).Sum(width => Dense(width, 4)) + (2 * Dense(8, 4));
        }
    }

    [Fact]
    public void Each_level_is_fused_to_its_width_and_all_but_the_shallowest_are_segmented()
    {
        using var scope = NewDisposeScope();
        using var network = new MmFormer3D(new MmFormer3DOptions { Modalities = ["t1ce", "flair"], OutputChannels = 3, BaseWidth = 4, Levels = 3 });
        var encoding = (DecodedEncoderOutput)network.Encode(new ModalityImages(("t1ce", randn([1, 1, 8, 8, 16])), ("flair", randn([1, 1, 8, 8, 16]))));
        encoding.Levels.Select(level => string.Join('×', level.shape)).Should().Equal("1×4×8×8×16", "1×8×4×4×8", "1×16×2×2×4");
        network.SegmentLevels(encoding).Select(level => string.Join('×', level.shape)).Should().Equal("1×3×4×4×8", "1×3×2×2×4");
        network.SegmentModalities(encoding).Should().ContainKeys("t1ce", "flair").And.HaveCount(2);
        network.SegmentModalities(encoding)["flair"].shape.Should().Equal(1, 3, 8, 8, 16);
    }

    [Fact]
    public void Attention_is_that_of_torch()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var own = new SelfAttention(width: 12, heads: 3, dropout: 0);
        using var torchs = nn.MultiheadAttention(12, 3, bias: false);
        using IDisposable noGradient = no_grad();
        own.get_parameter("projection.bias")!.zero_();
        torchs.get_parameter("in_proj_weight")!.copy_(own.get_parameter("inputs.weight")!);
        torchs.get_parameter("out_proj.weight")!.copy_(own.get_parameter("projection.weight")!);
        Tensor tokens = randn(2, 7, 12), first = tokens.transpose(0, 1);

        Tensor expected = torchs.call(first, first, first, null, false, null).Item1.transpose(0, 1);

        own.call(tokens).allclose(expected, rtol: 1e-5, atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void Positions_are_learned_for_one_grid_and_interpolated_to_others()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using var positions = new PositionEmbedding(width: 3, length: 4);
        TorchSharp.Modules.Parameter grid = positions.get_parameter("grid")!;
        grid.count_nonzero().item<long>().Should().Be(0);
        // The first number of a place is where it lies along the first axis, from -1 to 1.
        grid[0, 0] = (((arange(4, ScalarType.Float32) + 0.5f) / 2) - 1).reshape(4, 1, 1);
        positions.call([4, 4, 4]).equal(Tokens.Of(grid)).all().item<bool>().Should().BeTrue();

        Tensor halved = Tokens.ToGrid(positions.call([2, 1, 3]), [2, 1, 3]);
        halved.shape.Should().Equal(1, 3, 2, 1, 3);
        halved[0, 0, .., 0, 0].data<float>().ToArray().Should().Equal(-0.5f, 0.5f);
    }

    [Fact]
    public void Tokens_of_a_modality_that_is_missing_are_not_attended_to()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var options = new MmFormer3DOptions { Modalities = ["a", "b", "c"], OutputChannels = 2, BaseWidth = 2, Levels = 2 };
        using var correlation = new ModalityCorrelation(3, 4, options);
        correlation.eval();
        Tensor first = randn(1, 8, options.TokenWidth), third = randn(1, 8, options.TokenWidth), places = randn(1, 8, options.TokenWidth);
        Tensor missing = correlation.call([first, null, third], [places, null, places], [2, 2, 2]);
        Tensor zeroTokens = correlation.call([first, zeros_like(first), third], [places, zeros_like(places), places], [2, 2, 2]);
        missing.shape.Should().Equal(1, 12, 2, 2, 2);
        missing.allclose(zeroTokens).Should().BeFalse("tokens of zeros take a part of the attention");
    }

    [Fact]
    public void Tokens_of_each_modality_come_to_its_own_place()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        var options = new MmFormer3DOptions { Modalities = ["a", "b"], OutputChannels = 2, BaseWidth = 2, Levels = 2 };
        using var correlation = new ModalityCorrelation(2, options.TokenWidth, options);
        correlation.eval();
        // Nothing is added to the tokens, and the features are the tokens themselves.
        foreach (string name in new[]
        {
            "transformer.attention.projection.weight",
            "transformer.attention.projection.bias",
            "transformer.narrow.weight",
            "transformer.narrow.bias",
        })
        {
            correlation.get_parameter(name)!.zero_();
        }

        correlation.get_parameter("join.weight")!.copy_(eye(2 * options.TokenWidth).reshape(2 * options.TokenWidth, 2 * options.TokenWidth, 1, 1, 1));
        Tensor first = randn(1, 8, options.TokenWidth), second = randn(1, 8, options.TokenWidth), nowhere = zeros(1, 8, options.TokenWidth);

        Tensor features = correlation.call([first, second], [nowhere, nowhere], [2, 2, 2]);
        Tensor alone = correlation.call([null, second], [null, nowhere], [2, 2, 2]);

        features.allclose(cat([Tokens.ToGrid(first, [2, 2, 2]), Tokens.ToGrid(second, [2, 2, 2])], 1), atol: 1e-6).Should().BeTrue();
        alone.allclose(cat([zeros([1, options.TokenWidth, 2, 2, 2]), Tokens.ToGrid(second, [2, 2, 2])], 1), atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void It_looks_further_than_its_convolutions_do()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        manual_seed(6);
        using var encoder = new HybridEncoder([2, 4], new MmFormer3DOptions { Modalities = ["a"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        encoder.eval();
        Tensor deepest = randn([1, 4, 2, 2, 8]), changed = deepest.clone();
        changed[0, .., 0, 0, 0] += 3;
        Tensor difference = (encoder.TokensOf(changed) - encoder.TokensOf(deepest)).abs().amax([2])[0];
        difference.min().item<float>().Should().BePositive("every token attends to every other");
        difference.argmax().item<long>().Should().Be(0);
    }

    [Fact]
    public void Dropout_works_in_training_only()
    {
        using var scope = NewDisposeScope();
        using var network = new MmFormer3D(new MmFormer3DOptions { Modalities = ["a"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        using var without = new MmFormer3D(new MmFormer3DOptions { Modalities = ["a"], OutputChannels = 2, BaseWidth = 2, Levels = 2, Dropout = 0 });
        var images = new ModalityImages(("a", randn([1, 1, 8, 8, 8])));
        bool Changes(MmFormer3D which) => !NetworkOutput.Of(which, images).Logits.equal(NetworkOutput.Of(which, images).Logits).all().item<bool>();
        Changes(network).Should().BeTrue();
        Changes(without).Should().BeFalse();
        network.eval();
        Changes(network).Should().BeFalse();
    }

    [Fact]
    public void A_modality_that_was_not_drawn_learns_from_its_own_segmentation()
    {
        using var network = (MmFormer3D)HeteroModal.Network("mmFormer");
        network.train();
        manual_seed(Enumerable.Range(0, 100).First(seed =>
        {
            manual_seed(seed);
            return ModalitySubset.Draw(HeteroModal.Modalities).SequenceEqual(["t1ce", "flair"]);
        }));
        using var scope = NewDisposeScope();
        NetworkOutput output = NetworkOutput.Of(network, HeteroModal.Images(HeteroModal.Modalities));
        var encoding = (DecodedEncoderOutput)output.Encoding;
        encoding.FusedModalities.Should().Equal("t1ce", "flair");
        output.Logits.square().mean().backward(retain_graph: true);
        Taught("enter.0.weight").Should().Equal(false, true, false, true);
        Taught("transformer.widen.weight").Should().Equal(false, true, false, true);
        network.SegmentModalities(encoding).Values.Select(logits => logits.square().mean()).Aggregate((sum, term) => sum + term).backward();
        Taught("enter.0.weight").Should().Equal(true, true, true, true);

        IEnumerable<bool> Taught(string name) => Enumerable.Range(0, 4).Select(index =>
            network.get_parameter($"encoders.{index}.{name}")!.grad is Tensor gradient && gradient.abs().max().item<float>() > 0);
    }

    [Fact]
    public void The_objective_is_that_of_the_publication()
    {
        MmFormerObjective.Create().Terms.Select(term => (term.Name, term.Weight))
            .Should().Equal(("cross-entropy", 1), ("Dice", 1), ("modalities", 4), ("levels", 4));
        MmFormerObjective.Create().Terms[0].Loss.Should().BeOfType<BalancedCrossEntropyLoss>();
        Action wrong = () =>
            MmFormerObjective.Create(new() { ModalityWeight = -1, LevelWeight = double.NaN, Segmentation = new() { Dice = new() { Smooth = 0 } } });
        wrong.Should().Throw<ArgumentException>().WithMessage(
            "MmFormerObjectiveOptions: Segmentation.Dice.Smooth must be above 0*ModalityWeight must be at least 0*LevelWeight must be at least 0*");
    }

    [Fact]
    public void Every_fault_of_the_options_is_named_at_once()
    {
        Action make = () => new MmFormer3DOptions { Modalities = [], OutputChannels = 4, BaseWidth = 0, Levels = 9, Dropout = 1 }.Build();
        make.Should().Throw<ArgumentException>().WithMessage(
            "MmFormer3DOptions: Modalities must name at least one modality. BaseWidth must be even and from 2 to 1024, but is 0. "
                + "Levels must be from 2 to 8, but is 9. Dropout must be from 0 to below 1, but is 1.");
    }
}
