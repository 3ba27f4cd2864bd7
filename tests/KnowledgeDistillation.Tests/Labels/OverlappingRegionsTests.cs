using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Labels;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Labels;

public class OverlappingRegionsTests
{
    private static readonly OverlappingRegions Scheme = Contexts.BratsRegions;

    [Fact]
    public void Every_label_map_survives_encoding_and_decoding()
    {
        Gen.Long[0, 3].Array[24].Sample(
            classes =>
            {
                using var scope = NewDisposeScope();
                Tensor labels = tensor(classes).reshape(2, 3, 4);
                return Scheme.Decode(Scheme.Encode(labels)).equal(labels).all().item<bool>();
            },
            iter: 50,
            threads: 1);
    }

    [Fact]
    public void A_class_lies_in_every_region_that_unites_it()
    {
        using var scope = NewDisposeScope();
        // Classes 0, 1, 2, 3 against WT = {1, 2, 3}, TC = {1, 3}, ET = {3}.
        Tensor encoded = Scheme.Encode(arange(4, ScalarType.Int64).reshape(1, 4));
        encoded.data<float>().ToArray().Should().Equal(0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1);
        (Scheme.Channels, Scheme.ClassCount).Should().Be((3, 4));
        Scheme.ForegroundChannels.Should().Equal(0, 1, 2);
        Scheme.ChannelNames.Should().Equal("WT", "TC", "ET");
    }

    [Fact]
    public void A_voxel_gets_the_class_of_the_innermost_region_above_one_half()
    {
        using var scope = NewDisposeScope();
        // Voxels: nothing, edema only, core, enhancing, enhancing without its core, exactly one half.
        Tensor probabilities = tensor(new[]
        {
            0.1f, 0.9f, 0.9f, 0.9f, 0.9f, 0.5f,
            0.1f, 0.1f, 0.9f, 0.9f, 0.1f, 0.5f,
            0.1f, 0.1f, 0.1f, 0.9f, 0.9f, 0.5f,
        }).reshape(1, 3, 6);
        Scheme.Decode(probabilities).data<long>().ToArray().Should().Equal(0, 2, 1, 3, 3, 0);
    }

    [Fact]
    public void Probabilities_are_the_sigmoid_of_the_logits_divided_by_the_temperature()
    {
        using var scope = NewDisposeScope();
        Tensor logits = full([1, 3, 1], 5 * Math.Log(3), ScalarType.Float64);
        Scheme.Probabilities(logits, 5).data<double>().ToArray().Should().OnlyContain(p => Math.Abs(p - 0.75) < 1e-12);
        Scheme.Probabilities(logits.to(ScalarType.Float16)).dtype.Should().Be(ScalarType.Float32);
    }

    [Fact]
    public void The_binary_prediction_is_a_positive_logit_whatever_the_temperature()
    {
        Gen.Select(Gen.Double[-30, 30].Array[12], Gen.Double[0.1, 100]).Sample(
            pair =>
            {
                using var scope = NewDisposeScope();
                Tensor logits = tensor(pair.Item1).reshape(1, 3, 4);
                Tensor binary = Scheme.Binarize(logits);
                return binary.data<double>().Zip(logits.data<double>()).All(it => it.First == (it.Second > 0 ? 1 : 0))
                    && Scheme.Binarize(logits / pair.Item2).equal(binary).all().item<bool>();
            },
            iter: 50,
            threads: 1);
        using Tensor zero = zeros([1, 3, 1]);
        using Tensor binaryOfZero = Scheme.Binarize(zero);
        binaryOfZero.data<float>().ToArray().Should().OnlyContain(value => value == 0);
    }

    [Fact]
    public void A_label_that_is_no_class_is_refused()
    {
        using var scope = NewDisposeScope();
        Scheme.Invoking(it => it.Encode(tensor(new long[] { 0, 4 }).reshape(1, 2))).Should().Throw<ArgumentException>()
            .WithMessage("Labels run from 0 to 4, but the classes are 0 to 3*");
    }

    [Fact]
    public void Regions_and_their_innermost_classes_must_fit()
    {
        Func<object> none = () => new OverlappingRegions([], []);
        none.Should().Throw<ArgumentException>().WithMessage("At least one region is needed.*");
        Func<object> count = () => new OverlappingRegions([new Region("WT", 1)], [1, 2]);
        count.Should().Throw<ArgumentException>().WithMessage("1 regions need as many innermost classes, but 2 were given.*");
        Func<object> foreign = () => new OverlappingRegions([new Region("WT", 1)], [2]);
        foreign.Should().Throw<ArgumentException>().WithMessage("Class 2 does not belong to the region 'WT'.*");
        Func<object> empty = () => new Region("WT");
        empty.Should().Throw<ArgumentException>().WithMessage("The region 'WT' needs at least one class.*");
        Func<object> nameless = () => new Region(" ", 1);
        nameless.Should().Throw<ArgumentException>();
    }
}
