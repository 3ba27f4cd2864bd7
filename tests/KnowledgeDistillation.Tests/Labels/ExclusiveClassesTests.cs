using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Labels;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Labels;

public class ExclusiveClassesTests
{
    private static readonly ExclusiveClasses Scheme = Contexts.BratsClasses;

    [Fact]
    public void Every_label_map_survives_encoding_and_decoding()
    {
        Gen.Long[0, 3].Array[24].Sample(
            classes =>
            {
                using var scope = NewDisposeScope();
                Tensor labels = tensor(classes).reshape(2, 3, 4);
                Tensor encoded = Scheme.Encode(labels);
                return encoded.dtype == ScalarType.Float32
                    && encoded.shape.SequenceEqual([2L, 4, 3, 4])
                    && encoded.sum(1).eq(1).all().item<bool>()
                    && Scheme.Decode(encoded).equal(labels).all().item<bool>();
            },
            iter: 50,
            threads: 1);
    }

    [Fact]
    public void Each_class_has_its_channel()
    {
        using var scope = NewDisposeScope();
        Tensor encoded = Scheme.Encode(tensor(new long[] { 2, 0 }).reshape(1, 2));
        encoded.data<float>().ToArray().Should().Equal(0, 1, 0, 0, 1, 0, 0, 0);
        (Scheme.Channels, Scheme.ClassCount).Should().Be((4, 4));
        Scheme.ForegroundChannels.Should().Equal(1, 2, 3);
        Scheme.ChannelNames.Should().Equal("background", "necrosis", "edema", "enhancing");
    }

    [Theory]
    [InlineData(-1, "*run from -1 to 0, but the classes are 0 to 3: map the labels on disk to classes first.*")]
    [InlineData(4, "*run from 0 to 4, but the classes are 0 to 3: map the labels on disk to classes first.*")]
    public void A_label_that_is_no_class_is_refused(long label, string message)
    {
        using var scope = NewDisposeScope();
        Scheme.Invoking(it => it.Encode(tensor(new[] { 0, label }).reshape(1, 2))).Should().Throw<ArgumentException>().WithMessage(message);
    }

    [Fact]
    public void Labels_of_another_element_type_are_refused()
    {
        using var scope = NewDisposeScope();
        Scheme.Invoking(it => it.Encode(zeros([1, 2], ScalarType.Int32))).Should().Throw<ArgumentException>()
            .WithMessage("Labels must be uint8 or int64, but are Int32.*");
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(-3000)]
    [InlineData(0)]
    public void Soft_targets_do_not_depend_on_what_is_common_to_all_logits(double shift)
    {
        using var scope = NewDisposeScope();
        Tensor logits = (randn([2, 4, 50], ScalarType.Float64) * 3 + shift).to(ScalarType.Float32);
        Tensor expected = Scheme.Probabilities(logits.to(ScalarType.Float64), 5);

        (Scheme.Probabilities(logits, 5).to(ScalarType.Float64) - expected).abs().max().item<double>().Should().BeLessThan(2e-7);
    }

    [Fact]
    public void Probabilities_are_the_softmax_of_the_logits_divided_by_the_temperature()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor([0, Math.Log(2), Math.Log(3), Math.Log(4)]).reshape(1, 4, 1);
        Scheme.Probabilities(logits).data<double>().ToArray().Should().BeEquivalentTo(
            [0.1, 0.2, 0.3, 0.4], options => options.Using<double>(it => it.Subject.Should().BeApproximately(it.Expectation, 1e-12)).WhenTypeIs<double>());
        Scheme.Probabilities(5 * logits, 5).allclose(Scheme.Probabilities(logits)).Should().BeTrue();
        Scheme.Probabilities(logits.to(ScalarType.BFloat16)).dtype.Should().Be(ScalarType.Float32, "reduced precision is widened");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_temperature_that_is_not_above_zero_is_refused(double temperature)
    {
        using var scope = NewDisposeScope();
        foreach (LabelScheme scheme in new LabelScheme[] { Scheme, Contexts.BratsRegions })
        {
            scheme.Invoking(it => it.Probabilities(zeros([1, it.Channels, 2]), temperature)).Should().Throw<ArgumentOutOfRangeException>()
                .WithMessage("The temperature must be above 0.*");
        }
    }

    [Fact]
    public void The_binary_prediction_is_the_most_probable_class_whatever_the_temperature()
    {
        Gen.Select(Gen.Double[-30, 30].Array[12], Gen.Double[0.1, 100]).Sample(
            pair =>
            {
                using var scope = NewDisposeScope();
                Tensor logits = tensor(pair.Item1).reshape(1, 4, 3);
                Tensor binary = Scheme.Binarize(logits);
                Tensor softened = Scheme.Probabilities(logits, pair.Item2);
                return binary.dtype == ScalarType.Float64
                    && binary.sum(1).eq(1).all().item<bool>()
                    && (binary * softened).sum(1).equal(softened.amax(1)).all().item<bool>()
                    && Scheme.Binarize(logits / pair.Item2).equal(binary).all().item<bool>();
            },
            iter: 50,
            threads: 1);
    }

    [Fact]
    public void Log_probabilities_and_complements_belong_to_the_probabilities()
    {
        using var scope = NewDisposeScope();
        manual_seed(30);
        foreach (LabelScheme scheme in new LabelScheme[] { Scheme, Contexts.BratsRegions, new ExclusiveClasses("a", "b") })
        {
            Tensor logits = 3 * randn([2, scheme.Channels, 5], ScalarType.Float64);
            (Tensor log, Tensor complement) = scheme.LogProbabilities(logits);
            log.exp().allclose(scheme.Probabilities(logits), atol: 1e-12).Should().BeTrue();
            complement.exp().allclose(1 - scheme.Probabilities(logits), atol: 1e-12).Should().BeTrue();
        }
    }

    [Fact]
    public void Tensors_with_other_channels_are_refused()
    {
        using var scope = NewDisposeScope();
        Tensor wrong = zeros([1, 3, 2]);
        foreach (Action ask in new Action[]
        {
            () => Scheme.Probabilities(wrong),
            () => Scheme.LogProbabilities(wrong),
            () => Scheme.Binarize(wrong),
            () => Scheme.Decode(wrong),
        })
        {
            ask.Should().Throw<ArgumentException>()
                .WithMessage("A tensor [N, 4, spatial...] is needed for the channels background, necrosis, edema, enhancing, but the shape is [1, 3, 2].");
        }
    }

    [Fact]
    public void One_class_is_too_few()
    {
        Func<object> make = () => new ExclusiveClasses("background");
        make.Should().Throw<ArgumentException>().WithMessage("A softmax needs at least two classes: background and one more.*");
    }
}
