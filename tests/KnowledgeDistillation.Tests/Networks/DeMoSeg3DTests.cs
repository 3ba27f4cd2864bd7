using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.DeMoSeg;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class DeMoSeg3DTests
{
    [Fact]
    public void The_number_of_parameters_is_that_counted_by_hand_and_differs_from_the_published_one_by_what_has_no_effect()
    {
        using var network = new DeMoSeg3D(new DeMoSeg3DOptions { Modalities = HeteroModal.Modalities, OutputChannels = 4 });

        Count(published: false).Should().Be(network.parameters().Sum(parameter => parameter.numel())).And.Be(31_525_912);
        Count(published: true).Should().Be(31_527_192, "that is the number of the published code");
        network.SizeMultiple.Should().Be(32);

        // Published is a bias of each convolution before a norm, a norm without parameters in each block, and a last convolution that is not supervised.
        static long Count(bool published)
        {
            long[] widths = [32, 64, 128, 256, 320, 320];
            long bias = published ? 1 : 0, inner = published ? 0 : 2;
            long Stage(long inputs, long width) =>
                (27 * inputs * width) + (bias * width) + (2 * width) + (27 * width * width) + (bias * width) + (inner * width)
                    + (2 * width * (width / 4)) + (width / 4) + width + (2 * width);
            long count = 4 * Stage(1, 32);
            foreach ((long shallower, long deeper) in widths.Zip(widths.Skip(1)))
                count += Stage(shallower, deeper) + (8 * deeper * shallower) + Stage(2 * shallower, shallower);
            return count + widths.Take(published ? 5 : 4).Sum(width => 4 * width);
        }
    }

    [Fact]
    public void Levels_double_their_width_up_to_320_and_all_but_the_two_deepest_are_supervised()
    {
        using var scope = NewDisposeScope();
        new DeMoSeg3DOptions { Modalities = ["a"], OutputChannels = 2 }.CappedWidths().Should().Equal(32, 64, 128, 256, 320, 320);
        new DeMoSeg3DOptions { Modalities = ["a"], OutputChannels = 2, BaseWidth = 512, Levels = 2 }.CappedWidths().Should().Equal(512, 512);
        new DeMoSeg3DOptions { Modalities = ["a", "b", "c"], OutputChannels = 2, BaseWidth = 2, Levels = 2 }.CappedWidths()
            .Should().Equal([3, 4], "each has a channel");
        using var network = new DeMoSeg3D(new DeMoSeg3DOptions { Modalities = ["a", "b"], OutputChannels = 3, BaseWidth = 4, Levels = 5 });
        var encoding = (DecodedEncoderOutput)network.Encode(new ModalityImages(("a", randn([1, 1, 16, 16, 32]))));
        encoding.Levels.Select(level => string.Join('×', level.shape)).Should()
            .Equal("1×4×16×16×32", "1×8×8×8×16", "1×16×4×4×8", "1×32×2×2×4", "1×64×1×1×2");
        network.SegmentLevels(encoding).Select(level => string.Join('×', level.shape)).Should().Equal("1×3×8×8×16", "1×3×4×4×8");
    }

    [Theory]
    [InlineData("t1", "t1,t1,t1,t1")]
    [InlineData("t1ce,flair", "t1ce,t1ce,flair,flair")]
    [InlineData("t1,t1ce", "t1,t1ce,t1,t1ce")]
    [InlineData("t1,t2", "t1,t1,t2,t2")]
    [InlineData("t1,flair", "t1,t1,flair,flair")]
    [InlineData("t2,flair", "t2,flair,t2,flair")]
    [InlineData("t1ce,t2", "t1ce,t1ce,t2,t2")]
    [InlineData("t1,t1ce,t2", "t1,t1ce,t2,t2")]
    [InlineData("t1ce,t2,flair", "t1ce,t1ce,t2,flair")]
    [InlineData("t1,t1ce,t2,flair", "t1,t1ce,t2,flair")]
    public void Those_stand_in_for_missing_modalities_that_show_most_nearly_the_same(string present, string expected)
    {
        IReadOnlyList<IReadOnlyList<int>> order = ModalitySubstitution.Order(new DeMoSeg3DOptions { Modalities = HeteroModal.Modalities, OutputChannels = 4 });
        ModalitySubstitution.Givers(order, [.. HeteroModal.Modalities.Select(present.Split(',').Contains)]).Select(giver => HeteroModal.Modalities[giver])
            .Should().Equal(expected.Split(','));
    }

    [Fact]
    public void Other_modalities_stand_in_for_each_other_in_their_order_or_in_one_that_is_given()
    {
        var options = new DeMoSeg3DOptions { Modalities = ["CT", "PET", "MR"], OutputChannels = 2 };
        ModalitySubstitution.Order(options).Should().BeEquivalentTo(new int[][] { [1, 2], [0, 2], [0, 1] }, compare => compare.WithStrictOrdering());
        ModalitySubstitution.Order(options with { Substitutes = new Dictionary<string, IReadOnlyList<string>> { ["CT"] = ["MR"] } })
            .Should().BeEquivalentTo(new int[][] { [2, 1], [0, 2], [0, 1] }, compare => compare.WithStrictOrdering());
        ModalitySubstitution.Order(options with { Modalities = ["FLAIR", "T1", "T2"] })
            .Should().BeEquivalentTo(new int[][] { [2, 1], [2, 0], [0, 1] }, compare => compare.WithStrictOrdering(), "names of BraTS are known in any case");
    }

    [Fact]
    public void The_first_features_are_each_modalitys_own_part_or_that_of_its_substitute()
    {
        using var scope = NewDisposeScope();
        using var network = (DeMoSeg3D)HeteroModal.Network("DeMoSeg");
        network.eval();
        var all = (DecodedEncoderOutput)network.Encode(HeteroModal.Images(HeteroModal.Modalities));
        var some = (DecodedEncoderOutput)network.Encode(HeteroModal.Images("t1ce", "flair"));
        Tensor Features(string name) => all.ModalityFeatures[name][0];
        for (int part = 0; part < 4; part++)
        {
            network.Part(all.Levels[0], part).equal(network.Part(Features(HeteroModal.Modalities[part]), part)).all().item<bool>().Should().BeTrue();
            network.Part(some.Levels[0], part).equal(network.Part(Features(part < 2 ? "t1ce" : "flair"), part)).all().item<bool>().Should().BeTrue();
        }
    }

    [Fact]
    public void Parts_share_the_channels_as_evenly_as_they_can()
    {
        var parts = new FeatureParts(Width: 32, Count: 3);
        Enumerable.Range(0, 3).Select(parts.Length).Should().Equal(10, 11, 11);
        parts.Start(3).Should().Be(32);
        Enumerable.Range(0, 4).Select(new FeatureParts(4, 4).Start).Should().Equal(0, 1, 2, 3);
    }

    [Fact]
    public void Substitutes_learn_to_be_as_those_for_which_they_stand_and_these_do_not_learn_from_them()
    {
        using var scope = NewDisposeScope();
        using var network = new DeMoSeg3D(new DeMoSeg3DOptions { Modalities = ["a", "b"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        Tensor first = tensor(new[] { 1f, 2f, 5f, 7f }).reshape(1, 2, 1, 1, 2).requires_grad_(true);
        Tensor second = tensor(new[] { 3f, 2f, 4f, 4f }).reshape(1, 2, 1, 1, 2).requires_grad_(true);
        var encoding = new DecodedEncoderOutput(
            [first, first], [first, first], [], ["a"], new Dictionary<string, IReadOnlyList<Tensor>> { ["a"] = [first], ["b"] = [second] });

        Tensor loss = new SubstituteLoss().Compute(network, encoding);
        loss.backward();

        // The second's first channel against the first's, (4 + 0) / 2, and the first's second channel against the second's, (1 + 9) / 2.
        loss.item<float>().Should().BeApproximately((2f + 5) / 2, 1e-6f);
        first.grad!.data<float>().ToArray().Should().Equal(0, 0, 0.5f, 1.5f);
        second.grad!.data<float>().ToArray().Should().Equal(1, 0, 0, 0);
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([1, 2], ScalarType.Int64), zeros(1, 4, 2));
        FluentActions.Invoking(() => new SubstituteLoss().Compute(context)).Should().Throw<ArgumentException>().WithMessage("*DeMoSeg3D*TensorNetwork.*");
    }

    [Fact]
    public void Each_channel_gets_one_other_by_rank_and_the_scores_learn()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var block = new CrossGuidedBlock(width: 8);
        Tensor features = randn([2, 8, 2, 2, 2]);
        Tensor attended = block.Attended(features);
        for (int sample = 0; sample < 2; sample++)
        {
            var scores = new List<double>();
            var sources = new HashSet<int>();
            for (int channel = 0; channel < 8; channel++)
            {
                Tensor ratio = attended[sample, channel].unsqueeze(0) / features[sample];
                int source = Enumerable.Range(0, 8).Single(other => ratio[other].std().item<float>() < 1e-4);
                sources.Add(source);
                scores.Add(ratio[source].mean().item<float>());
            }

            sources.Should().HaveCount(8, "no channel is lent twice");
            scores.Should().BeInAscendingOrder().And.OnlyContain(score => score > 0 && score < 1);
        }

        block.call(features).square().mul(randn_like(features)).sum().backward();
        block.get_parameter("score.weight")!.grad!.abs().max().item<float>().Should().BePositive();
        block.get_parameter("squeeze.weight")!.grad!.abs().max().item<float>().Should().BePositive();
    }

    [Fact]
    public void The_objective_is_that_of_the_publication_and_substitutes()
    {
        DeMoSegObjective.Create().Terms.Select(term => (term.Name, term.Weight))
            .Should().Equal(("cross-entropy", 1), ("Dice", 1), ("levels", 0.875), ("substitutes", 0.1));
        DeMoSegObjective.Create().Terms[0].Loss.Should().BeOfType<ReferenceCrossEntropyLoss>();
        DeMoSegObjective.Create().ToString().Should().Contain("\"Decay\":0.5").And.Contain("\"Grid\":1");
        Action wrong = () =>
            DeMoSegObjective.Create(new() { LevelWeight = -1, SubstituteWeight = double.NaN, Segmentation = new() { Dice = new() { Smooth = 0 } } });
        wrong.Should().Throw<ArgumentException>().WithMessage(
            "DeMoSegObjectiveOptions: Segmentation.Dice.Smooth must be above 0*LevelWeight must be at least 0*SubstituteWeight must be at least 0*");
    }

    [Fact]
    public void Every_fault_of_the_options_is_named_at_once()
    {
        Action make = () => new DeMoSeg3DOptions
        {
            Modalities = ["a", "b"],
            OutputChannels = 4,
            BaseWidth = 0,
            Levels = 9,
            Substitutes = new Dictionary<string, IReadOnlyList<string>> { ["a"] = ["a", "b"], ["c"] = [] },
        }.Build();
        make.Should().Throw<ArgumentException>().WithMessage(
            "DeMoSeg3DOptions: BaseWidth must be even and from 2 to 1024, but is 0. Levels must be from 2 to 8, but is 9. "
                + "Substitutes of 'a' must be other modalities of the network, but are: a, b. Substitutes names 'c', which is none of the modalities.");
    }
}
