using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.RFNet;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class RFNet3DTests
{
    [Fact]
    public void The_number_of_parameters_is_that_counted_by_hand_and_differs_from_the_published_one_by_what_norms_make_useless()
    {
        using var network = new RFNet3D(new RFNet3DOptions { Modalities = HeteroModal.Modalities, OutputChannels = 4 });

        // Here a convolution before a norm has no bias, and the norm a scale and an offset; published is a bias and a norm without parameters.
        Count(perUnit: 2).Should().Be(network.parameters().Sum(parameter => parameter.numel())).And.Be(8_990_136);
        Count(perUnit: 1).Should().Be(8_984_960, "that is the number of the published code");
        network.SizeMultiple.Should().Be(8);

        static long Count(long perUnit)
        {
            long[] widths = [16, 32, 64, 128];
            long Unit(long inputs, long outputs, long kernel = 3) => (kernel * kernel * kernel * inputs * outputs) + (perUnit * outputs);
            static long Head(long inputs) => (inputs * 4) + 4;
            long encoder = widths.Zip(widths.Prepend(1)).Sum(pair => Unit(pair.Second, pair.First) + (2 * Unit(pair.First, pair.First)));
            long steps = widths.Zip(widths.Skip(1))
                .Sum(pair => Unit(pair.Second, pair.First) + Unit(2 * pair.First, pair.First) + Unit(pair.First, pair.First, 1));
            long Maps(long width) => Unit(4 * width, width / 4, 1) + Unit(width / 4, width / 4) + Unit(width / 4, width, 1)
                + Unit(width == 128 ? width : 2 * width, 16, 1) + Head(16);
            static long Perceptron(long width) => (((4 * width) + 1) * 128) + 128 + (128 * 4) + 4;
            long Branch(long width) => Unit(4 * width, width, 1) + Unit(width, width) + Unit(width, width / 2, 1);
            return (4 * encoder) + (2 * (steps + Head(16))) + widths.Sum(width => Maps(width) + (4 * Perceptron(width)) + (2 * Branch(width)));
        }
    }

    [Fact]
    public void Each_level_is_fused_to_its_width_and_has_probability_maps()
    {
        using var scope = NewDisposeScope();
        using var network = new RFNet3D(new RFNet3DOptions { Modalities = ["t1ce", "flair"], OutputChannels = 3, BaseWidth = 4, Levels = 3 });
        var encoding = (DecodedEncoderOutput)network.Encode(new ModalityImages(("t1ce", randn([1, 1, 8, 8, 16])), ("flair", randn([1, 1, 8, 8, 16]))));
        encoding.Levels.Select(level => string.Join('×', level.shape)).Should().Equal("1×4×8×8×16", "1×8×4×4×8", "1×16×2×2×4");
        network.SegmentLevels(encoding).Select(level => string.Join('×', level.shape)).Should().Equal("1×3×8×8×16", "1×3×4×4×8", "1×3×2×2×4");
        network.SegmentModalities(encoding).Should().ContainKeys("t1ce", "flair").And.HaveCount(2);
        network.SegmentModalities(encoding)["flair"].shape.Should().Equal(1, 3, 8, 8, 16);
    }

    [Fact]
    public void Weights_of_modalities_differ_between_regions_and_add_features_up()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var fusion = new RegionAwareFusion(modalities: 2, width: 4, regions: 2);
        Tensor first = randn([1, 4, 2, 2, 2]), second = randn([1, 4, 2, 2, 2]);
        // The first region is the lower half, the second the upper.
        Tensor maps = zeros([1, 2, 2, 2, 2]);
        maps[0, 0, 0] = tensor(1f);
        maps[0, 1, 1] = tensor(1f);
        Tensor[] weights = fusion.WeightsOf([first, second], maps);
        Tensor fused = fusion.RegionFeatures([first, second], maps);

        weights.Should().OnlyContain(region => region.min().item<float>() > 0 && region.max().item<float>() < 1);
        weights[0].allclose(weights[1]).Should().BeFalse();
        for (int region = 0; region < 2; region++)
        {
            Tensor part = fused.narrow(1, 4 * region, 4).select(2, region), other = fused.narrow(1, 4 * region, 4).select(2, 1 - region);
            part.allclose((weights[region][0, 0] * first.select(2, region)) + (weights[region][0, 1] * second.select(2, region)), atol: 1e-6).Should().BeTrue();
            other.abs().max().item<float>().Should().Be(0, "nothing leaves its region");
        }

        // What lies outside a region does not change its weights.
        Tensor changed = first.clone();
        changed[0, .., 1] += 5;
        fusion.WeightsOf([changed, second], maps)[0].allclose(weights[0], atol: 1e-6).Should().BeTrue();
        fusion.WeightsOf([changed, second], maps)[1].allclose(weights[1], atol: 1e-3).Should().BeFalse();
    }

    [Fact]
    public void Probability_maps_learn_from_the_reference_alone()
    {
        using var scope = NewDisposeScope();
        using var network = (RFNet3D)HeteroModal.Network("RFNet");
        network.train();
        NetworkOutput output = NetworkOutput.Of(network, HeteroModal.Images(HeteroModal.Modalities));
        output.Logits.square().mean().backward(retain_graph: true);
        Taught("decoder.maps.0.head.weight").Should().BeFalse("fusion looks at the maps, but does not teach them");
        Taught("decoder.fusions.0.weights.0.hidden.weight").Should().BeTrue();
        network.SegmentLevels(output.Encoding).Select(level => level.square().mean()).Aggregate((sum, term) => sum + term).backward();
        Taught("decoder.maps.0.head.weight").Should().BeTrue();

        bool Taught(string name) => network.get_parameter(name)!.grad is Tensor gradient && gradient.abs().max().item<float>() > 0;
    }

    [Fact]
    public void A_modality_that_was_not_drawn_learns_from_its_own_segmentation()
    {
        using var network = (RFNet3D)HeteroModal.Network("RFNet");
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
        Taught().Should().Equal(false, true, false, true);
        network.SegmentModalities(encoding).Values.Select(logits => logits.square().mean()).Aggregate((sum, term) => sum + term).backward();
        Taught().Should().Equal(true, true, true, true);

        IEnumerable<bool> Taught() => Enumerable.Range(0, 4).Select(index =>
            network.get_parameter($"encoders.{index}.enter.0.convolution.weight")!.grad is Tensor gradient && gradient.abs().max().item<float>() > 0);
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    [InlineData(false, 1)]
    public void It_learns_classes_and_overlapping_regions(bool overlapping, int channels)
    {
        using var scope = NewDisposeScope();
        LabelScheme scheme = channels == 1 ? new OverlappingRegions([new Region("whole", 1, 2)], [1])
            : overlapping ? new OverlappingRegions([new Region("whole", 1, 2), new Region("core", 1), new Region("rim", 2)], [2, 1, 2])
            : new ExclusiveClasses("background", "core", "rim");
        manual_seed(2);
        var options = new RFNet3DOptions { Modalities = ["a", "b"], OutputChannels = channels, BaseWidth = 2, Levels = 2, OverlappingRegions = overlapping };
        using var network = new RFNet3D(options);
        options.SigmoidMaps.Should().Be(overlapping || channels == 1);
        var images = new ModalityImages(("a", randn([1, 1, 8, 8, 8])), ("b", randn([1, 1, 8, 8, 8])));
        var batch = new Batch(images, randint(0, 3, [1, 8, 8, 8]), ["one"]);
        Tensor loss = RFNetObjective.Create().Compute(new DistillationContext(batch, scheme, NetworkOutput.Of(network, images)));
        loss.isfinite().item<bool>().Should().BeTrue();
        loss.backward();
        network.get_parameter("head.weight")!.grad!.abs().max().item<float>().Should().BePositive();
    }

    [Fact]
    public void A_detached_encoding_keeps_everything_but_the_graph()
    {
        using var scope = NewDisposeScope();
        using var network = (RFNet3D)HeteroModal.Network("RFNet");
        var encoding = (DecodedEncoderOutput)network.Encode(HeteroModal.Images("t1", "t2"));
        var detached = (DecodedEncoderOutput)encoding.Detach();
        detached.FusedModalities.Should().Equal(encoding.FusedModalities);
        Tensors(encoding).Should().OnlyContain(tensor => tensor.requires_grad);
        Tensors(detached).Should().OnlyContain(tensor => !tensor.requires_grad);
        Tensors(detached).Zip(Tensors(encoding)).Should().OnlyContain(pair => pair.First.equal(pair.Second).all().item<bool>());

        static IEnumerable<Tensor> Tensors(DecodedEncoderOutput output) =>
            [.. output.Levels, .. output.Decoded, .. output.LevelLogits, .. output.ModalityFeatures.Values.SelectMany(levels => levels)];
    }

    [Fact]
    public void An_encoding_of_another_network_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = (RFNet3D)HeteroModal.Network("RFNet");
        network.Invoking(it => it.Decode(new EncoderOutput(zeros([1, 4, 8, 8, 8]), zeros([1, 8, 4, 4, 4])))).Should().Throw<ArgumentException>()
            .WithMessage("*holds nothing decoded: it comes from another network*");
    }

    [Fact]
    public void The_objective_is_that_of_the_publication()
    {
        RFNetObjective.Create().Terms.Select(term => (term.Name, term.Weight))
            .Should().Equal(("cross-entropy", 1), ("Dice", 1), ("modalities", 4), ("probability maps", 4));
        RFNetObjective.Create().Terms[0].Loss.Should().BeOfType<BalancedCrossEntropyLoss>();
        RFNetObjective.Create(new() { Segmentation = new() { Balanced = false } }).Terms[0].Loss.Should().BeOfType<ReferenceCrossEntropyLoss>();
        Action wrong = () => RFNetObjective.Create(new() { ModalityWeight = -1, MapWeight = double.NaN, Segmentation = new() { Dice = new() { Smooth = 0 } } });
        wrong.Should().Throw<ArgumentException>().WithMessage(
            "RFNetObjectiveOptions: Segmentation.Dice.Smooth must be above 0*ModalityWeight must be at least 0*MapWeight must be at least 0*");
    }

    [Fact]
    public void Losses_refuse_networks_that_have_no_other_segmentations()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([1, 2], ScalarType.Int64), zeros(1, 4, 2));
        FluentActions.Invoking(() => new ModalitySegmentationLoss().Compute(context)).Should().Throw<ArgumentException>()
            .WithMessage("*IModalitySegmentingNetwork*TensorNetwork does not.*");
        FluentActions.Invoking(() => new DeepSupervisionLoss().Compute(context)).Should().Throw<ArgumentException>()
            .WithMessage("*IDeeplySupervisedNetwork*TensorNetwork does not.*");
        FluentActions.Invoking(() => new DeepSupervisionLoss(new() { Decay = 0, Grid = (SupervisionGrid)7 })).Should().Throw<ArgumentException>()
            .WithMessage("DeepSupervisionOptions: Grid has no value 7. Decay must be above 0 and at most 1, but is 0.");
    }

    [Fact]
    public void Every_fault_of_the_options_is_named_at_once()
    {
        Action make = () => new RFNet3DOptions { Modalities = [], OutputChannels = 4, BaseWidth = 0, Levels = 9 }.Build();
        make.Should().Throw<ArgumentException>().WithMessage(
            "RFNet3DOptions: Modalities must name at least one modality. BaseWidth must be even and from 2 to 1024, but is 0. "
                + "Levels must be from 2 to 8, but is 9.");
    }
}
