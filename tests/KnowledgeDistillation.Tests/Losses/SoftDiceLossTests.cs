using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class SoftDiceLossTests
{
    private static readonly ExclusiveClasses TwoClasses = new("background", "tumor");

    // Two voxels. Tumor: p = (0.8, 0.3), t = (1, 0). Background: p = (0.2, 0.7), t = (0, 1).
    [Theory]
    [InlineData(DiceForm.Linear, false, 1 - (1.6 / 2.1))]
    [InlineData(DiceForm.Squared, false, 1 - (1.6 / 1.73))]
    [InlineData(DiceForm.AbsoluteDifference, false, 1 - (1.6 / 2.1))]
    [InlineData(DiceForm.Linear, true, 1 - (((1.6 / 2.1) + (1.4 / 1.9)) / 2))]
    [InlineData(DiceForm.Squared, true, 1 - (((1.6 / 1.73) + (1.4 / 1.53)) / 2))]
    [InlineData(DiceForm.AbsoluteDifference, true, 1 - (((1.6 / 2.1) + (1.4 / 1.9)) / 2))]
    public void Two_voxels_by_hand(DiceForm form, bool includeBackground, double expected)
    {
        using var scope = NewDisposeScope();
        var loss = new SoftDiceLoss(new SoftDiceOptions { Form = form, IncludeBackground = includeBackground, Smooth = 1e-12 });
        loss.Compute(Channels([0.2, 0.7], [0.8, 0.3]), Channels([0, 1], [1, 0]), TwoClasses).item<double>().Should().BeApproximately(expected, 1e-10);
    }

    [Fact]
    public void Regions_have_no_background_to_leave_out()
    {
        using var scope = NewDisposeScope();
        var labels = new OverlappingRegions([new Region("WT", 1, 2), new Region("ET", 2)], [1, 2]);
        Tensor p = Channels([0.2, 0.7], [0.8, 0.3]);
        Tensor t = Channels([0, 1], [1, 0]);
        new SoftDiceLoss(new SoftDiceOptions { Smooth = 1e-12 }).Compute(p, t, labels).item<double>()
            .Should().BeApproximately(1 - (((1.6 / 2.1) + (1.4 / 1.9)) / 2), 1e-10);
    }

    [Fact]
    public void Smoothing_counts_in_numerator_and_denominator()
    {
        using var scope = NewDisposeScope();
        var loss = new SoftDiceLoss(new SoftDiceOptions { Smooth = 1 });
        loss.Compute(Channels([0.2, 0.7], [0.8, 0.3]), Channels([0, 1], [1, 0]), TwoClasses).item<double>().Should().BeApproximately(1 - (2.6 / 3.1), 1e-12);
    }

    [Theory]
    [InlineData(DiceForm.Linear, 0.71, 0.29)]
    [InlineData(DiceForm.Linear, 1.0, 1 - (1.42 / 1.71))]
    [InlineData(DiceForm.Squared, 0.71, 0.0)]
    [InlineData(DiceForm.Squared, 1.0, 1 - (1.42 / (1 + (0.71 * 0.71))))]
    [InlineData(DiceForm.AbsoluteDifference, 0.71, 0.0)]
    [InlineData(DiceForm.AbsoluteDifference, 1.0, 1 - (1.42 / 1.71))]
    public void With_soft_targets_of_071_only_the_linear_form_has_a_floor_and_it_is_not_lowest_at_equality(DiceForm form, double prediction, double expected)
    {
        using var scope = NewDisposeScope();
        Tensor p = full([1, 2, 5], prediction, ScalarType.Float64);
        Tensor t = full([1, 2, 5], 0.71, ScalarType.Float64);
        double loss = new SoftDiceLoss(new SoftDiceOptions { Form = form }).Compute(p, t, TwoClasses).item<double>();
        loss.Should().BeApproximately(expected, 1e-5);
        if (form == DiceForm.Linear)
            loss.Should().BeApproximately(prediction == 1 ? 0.17 : 0.29, 0.005, "these are the figures in the documentation of the form");
    }

    [Theory]
    [InlineData(DiceForm.Linear)]
    [InlineData(DiceForm.Squared)]
    [InlineData(DiceForm.AbsoluteDifference)]
    public void An_empty_region_costs_nothing_if_predicted_empty_and_everything_if_not(DiceForm form)
    {
        using var scope = NewDisposeScope();
        var loss = new SoftDiceLoss(new SoftDiceOptions { Form = form });
        Tensor empty = Channels([1, 1], [0, 0]);
        loss.Compute(empty, empty, TwoClasses).item<double>().Should().Be(0);
        loss.Compute(Channels([0, 0], [1, 1]), empty, TwoClasses).item<double>().Should().BeApproximately(1, 1e-5);
    }

    [Fact]
    public void Samples_are_averaged_summed_or_joined()
    {
        using var scope = NewDisposeScope();
        // The tumor channel of sample 1: p = (1, 0), t = (1, 0), loss 0. Of sample 2: p = (0.5, 0), t = (0, 1), loss 1.
        Tensor p = cat([Channels([0, 1], [1, 0]), Channels([0.5, 1], [0.5, 0])]);
        Tensor t = cat([Channels([0, 1], [1, 0]), Channels([1, 0], [0, 1])]);
        double Loss(BatchReduction reduction, bool wholeBatch) =>
            new SoftDiceLoss(new SoftDiceOptions { WholeBatch = wholeBatch, Smooth = 1e-12 }, reduction).Compute(p, t, TwoClasses).item<double>();

        Loss(BatchReduction.Mean, wholeBatch: false).Should().BeApproximately(0.5, 1e-10);
        Loss(BatchReduction.Sum, wholeBatch: false).Should().BeApproximately(1, 1e-10);
        Loss(BatchReduction.Mean, wholeBatch: true).Should().BeApproximately(1 - (2 / 3.5), 1e-10);
        Loss(BatchReduction.Sum, wholeBatch: true).Should().BeApproximately(1 - (2 / 3.5), 1e-10, "the whole batch is one volume, so there is one score");
    }

    [Theory]
    [InlineData(DiceForm.Linear)]
    [InlineData(DiceForm.Squared)]
    [InlineData(DiceForm.AbsoluteDifference)]
    public void It_does_not_grow_with_the_volume(DiceForm form)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor p = rand([2, 2, 3, 4, 5], ScalarType.Float64);
        Tensor t = rand([2, 2, 3, 4, 5], ScalarType.Float64);
        var loss = new SoftDiceLoss(new SoftDiceOptions { Form = form, Smooth = 1e-12 });
        double once = loss.Compute(p, t, TwoClasses).item<double>();
        double twice = loss.Compute(cat([p, p], 2), cat([t, t], 2), TwoClasses).item<double>();
        twice.Should().BeApproximately(once, 1e-10);
    }

    [Fact]
    public void Shapes_that_torch_would_broadcast_are_refused()
    {
        using var scope = NewDisposeScope();
        var loss = new SoftDiceLoss();
        Action broadcast = () => loss.Compute(rand([2, 2, 3, 4]), rand([1, 2, 3, 4]), TwoClasses);
        broadcast.Should().Throw<ArgumentException>().WithMessage("The prediction [2, 2, 3, 4] and the target [1, 2, 3, 4] must have the same shape.");
        Action channels = () => loss.Compute(rand([1, 3, 4]), rand([1, 3, 4]), TwoClasses);
        channels.Should().Throw<ArgumentException>().WithMessage("*3 channels*label scheme has 2: background, tumor*");
    }

    [Fact]
    public void Faults_of_the_options_are_listed_together()
    {
        Func<object> make = () => new SoftDiceLoss(new SoftDiceOptions { Form = (DiceForm)9, Smooth = 0 });
        make.Should().Throw<ArgumentException>().WithMessage("SoftDiceOptions: Form has no value 9. Smooth must be above 0, but is 0.");
        Func<object> reduction = () => new SoftDiceLoss(reduction: (BatchReduction)9);
        reduction.Should().Throw<ArgumentException>().WithMessage("*no value 9*");
    }

    private static Tensor Channels(double[] background, double[] tumor) => stack([tensor(background), tensor(tumor)]).unsqueeze(0);
}
