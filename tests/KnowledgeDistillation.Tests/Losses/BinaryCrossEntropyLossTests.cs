using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class BinaryCrossEntropyLossTests
{
    private static readonly ExclusiveClasses Two = new("background", "tumor");
    private static readonly ExclusiveClasses Three = new("background", "edema", "tumor");
    private static readonly OverlappingRegions One = new([new Region("tumor", 1)], [1]);

    [Fact]
    public void A_softmax_of_one_to_three_by_hand()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor([0, Math.Log(3)]).reshape(1, 2, 1);
        // p = (1/4, 3/4): each channel costs −log 3/4 against (0, 1), −log 1/4 against (1, 0).
        Loss(logits, tensor([0.0, 1]).reshape(1, 2, 1), Two).Should().BeApproximately(Math.Log(4.0 / 3), 1e-12);
        Loss(logits, tensor([1.0, 0]).reshape(1, 2, 1), Two).Should().BeApproximately(Math.Log(4), 1e-12);
        Loss(logits, tensor([0.5, 0.5]).reshape(1, 2, 1), Two).Should().BeApproximately((Math.Log(4.0 / 3) + Math.Log(4)) / 2, 1e-12);
    }

    [Fact]
    public void A_softmax_of_three_classes_costs_each_channel_its_own_complement()
    {
        using var scope = NewDisposeScope();
        // p = (1/6, 2/6, 3/6)
        Tensor logits = tensor([0, Math.Log(2), Math.Log(3)]).reshape(1, 3, 1);
        double expected = -(Math.Log(5.0 / 6) + Math.Log(2.0 / 6) + Math.Log(1.0 / 2)) / 3;
        Loss(logits, tensor([0.0, 1, 0]).reshape(1, 3, 1), Three).Should().BeApproximately(expected, 1e-12);
    }

    [Fact]
    public void A_sigmoid_of_three_quarters_by_hand()
    {
        using var scope = NewDisposeScope();
        Tensor logit = full([1, 1, 1], Math.Log(3), ScalarType.Float64);
        Loss(logit, ones_like(logit), One).Should().BeApproximately(Math.Log(4.0 / 3), 1e-12);
        Loss(logit, zeros_like(logit), One).Should().BeApproximately(Math.Log(4), 1e-12);
    }

    [Fact]
    public void Samples_are_averaged_or_summed()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor([Math.Log(3), Math.Log(3)]).reshape(2, 1, 1);
        Tensor target = tensor([1.0, 0]).reshape(2, 1, 1);
        new BinaryCrossEntropyLoss(BatchReduction.Mean).Compute(logits, target, One).item<double>()
            .Should().BeApproximately((Math.Log(4.0 / 3) + Math.Log(4)) / 2, 1e-12);
        new BinaryCrossEntropyLoss(BatchReduction.Sum).Compute(logits, target, One).item<double>()
            .Should().BeApproximately(Math.Log(4.0 / 3) + Math.Log(4), 1e-12);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Logits_of_ten_thousand_give_a_finite_loss_and_a_gradient_that_pulls_towards_the_target(ScalarType type)
    {
        using var scope = NewDisposeScope();
        foreach (LabelScheme labels in new LabelScheme[] { Contexts.BratsClasses, Contexts.BratsRegions })
        {
            // Every combination of signs over the channels, each with its own target.
            int channels = labels.Channels;
            int combinations = 1 << channels;
            double[] values = [.. Enumerable.Range(0, combinations * channels).Select(i => ((i / channels) >> (i % channels) & 1) == 1 ? 1e4 : -1e4)];
            Tensor logits = tensor(values).reshape(1, combinations, channels).transpose(1, 2).contiguous().to(type).requires_grad_(true);
            Tensor wrong = 1 - labels.Binarize(logits.detach()).to(ScalarType.Float32);

            Tensor loss = new BinaryCrossEntropyLoss().Compute(logits, wrong, labels);
            loss.dtype.Should().Be(type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32, "reduced precision is widened");
            double value = loss.to(ScalarType.Float64).item<double>();
            value.Should().BePositive().And.BeLessThan(3e4);
            loss.backward();
            Tensor gradient = logits.grad!.to(ScalarType.Float64);
            gradient.isfinite().all().item<bool>().Should().BeTrue();
            (gradient * (wrong - 0.5)).max().item<double>()
                .Should().BeLessThanOrEqualTo(0, "a channel whose target is 1 must not be pushed down, nor one whose target is 0 up");
            gradient.abs().amax(1).min().item<double>().Should().BePositive("every voxel is wrong, so every voxel must learn");

            Tensor right = 1 - wrong;
            if (labels is OverlappingRegions)
                new BinaryCrossEntropyLoss().Compute(logits, right, labels).to(ScalarType.Float64).item<double>().Should().BeLessThan(1e-6);
        }
    }

    [Fact]
    public void A_confident_error_costs_its_logit()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor([1e4f, -1e4f]).reshape(1, 2, 1).requires_grad_(true);
        // −log p = 20,000 of the class that is right, −log(1 − p) = 20,000 of the one that is wrong.
        Tensor loss = new BinaryCrossEntropyLoss().Compute(logits, tensor([0f, 1]).reshape(1, 2, 1), Two);
        loss.item<float>().Should().Be(2e4f);
        loss.backward();
        logits.grad!.data<float>().ToArray().Should().Equal(1, -1);
    }

    [Fact]
    public void It_does_not_grow_with_the_volume()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        Tensor logits = randn([2, 4, 3, 2, 5], ScalarType.Float64);
        Tensor target = rand([2, 4, 3, 2, 5], ScalarType.Float64);
        Loss(cat([logits, logits], 3), cat([target, target], 3), Contexts.BratsClasses)
            .Should().BeApproximately(Loss(logits, target, Contexts.BratsClasses), 1e-12);
    }

    [Fact]
    public void Shapes_and_channels_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        Action broadcast = () => Loss(rand([2, 2, 3]), rand([2, 2, 1]), Two);
        broadcast.Should().Throw<ArgumentException>().WithMessage("The logits [2, 2, 3] and the target [2, 2, 1] must have the same shape.");
        Action channels = () => Loss(rand([2, 3, 3]), rand([2, 3, 3]), Two);
        channels.Should().Throw<ArgumentException>().WithMessage("*[N, 2, spatial...] is needed for the channels background, tumor*[2, 3, 3]*");
        Func<object> reduction = () => new BinaryCrossEntropyLoss((BatchReduction)9);
        reduction.Should().Throw<ArgumentException>().WithMessage("*no value 9*");
    }

    private static double Loss(Tensor logits, Tensor target, LabelScheme labels) =>
        new BinaryCrossEntropyLoss().Compute(logits, target, labels).to(ScalarType.Float64).item<double>();
}
