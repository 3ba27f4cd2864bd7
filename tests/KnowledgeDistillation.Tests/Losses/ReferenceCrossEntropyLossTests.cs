using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>The reference's cross-entropy and Dice as terms of their own.</summary>
public class ReferenceCrossEntropyLossTests
{
    private static readonly ExclusiveClasses Two = new("background", "tumor");
    private static readonly double Log3 = Math.Log(3);

    [Fact]
    public void Cross_entropy_by_hand()
    {
        using var scope = NewDisposeScope();
        // Voxels of p(tumor) = 3/4 and 1/2, the reference being tumor and background: (log 4/3 + log 2)/2.
        DistillationContext context = Contexts.Of(Two, tensor([1L, 0]).reshape(1, 2), tensor([0, 0, Log3, 0]).reshape(1, 2, 2));
        new ReferenceCrossEntropyLoss().Compute(context).item<double>().Should().BeApproximately((Math.Log(4.0 / 3) + Math.Log(2)) / 2, 1e-12);
    }

    [Fact]
    public void Regions_are_summed()
    {
        using var scope = NewDisposeScope();
        // Reference edema: in WT, not in TC, not in ET. All p = 1/2 but WT's 3/4: log 4/3 + log 2 + log 2.
        DistillationContext context = Contexts.Of(Contexts.BratsRegions, tensor([2L]).reshape(1, 1), tensor([Log3, 0, 0]).reshape(1, 3, 1));
        new ReferenceCrossEntropyLoss().Compute(context).item<double>().Should().BeApproximately(Math.Log(4.0 / 3) + (2 * Math.Log(2)), 1e-12);
    }

    [Fact]
    public void Samples_are_averaged_or_summed()
    {
        using var scope = NewDisposeScope();
        // Sample 0 costs log 2 at each voxel, sample 1 costs log 4/3.
        DistillationContext context = Contexts.Of(
            Two, ones([2, 3], ScalarType.Int64), cat([zeros([1, 2, 3], ScalarType.Float64), tensor([0, Log3]).reshape(1, 2, 1).repeat(1, 1, 3)], 0));
        double sum = Math.Log(2) + Math.Log(4.0 / 3);
        new ReferenceCrossEntropyLoss().Compute(context).item<double>().Should().BeApproximately(sum / 2, 1e-12);
        new ReferenceCrossEntropyLoss(BatchReduction.Sum).Compute(context).item<double>().Should().BeApproximately(sum, 1e-12);
        Func<object> make = () => new ReferenceCrossEntropyLoss((BatchReduction)9);
        make.Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Dice_by_hand()
    {
        using var scope = NewDisposeScope();
        // p(tumor) = 3/4 and 1/2 against (1, 0): Dice 2·(3/4) / (5/4 + 1) = 2/3.
        DistillationContext context = Contexts.Of(Two, tensor([1L, 0]).reshape(1, 2), tensor([0, 0, Log3, 0]).reshape(1, 2, 2));
        new ReferenceDiceLoss().Compute(context).item<double>().Should().BeApproximately(1.0 / 3, 1e-5);
        // Squared denominator: (3/2) / (9/16 + 1/4 + 1) = (3/2)/(29/16) = 24/29.
        new ReferenceDiceLoss(new() { Form = DiceForm.Squared }).Compute(context).item<double>().Should().BeApproximately(5.0 / 29, 1e-5);
    }

    [Fact]
    public void Cross_entropy_and_dice_are_together_the_reference_loss_where_that_is_binary()
    {
        using var scope = NewDisposeScope();
        manual_seed(60);
        // With one region the mean over channels, which the reference loss takes, and the sum are the same.
        var oneRegion = new OverlappingRegions([new Region("WT", 1)], innermostClasses: [1]);
        DistillationContext context = Contexts.Of(oneRegion, randint(0, 2, [2, 5], ScalarType.Int64), randn([2, 1, 5], ScalarType.Float64));
        double together = (new ReferenceCrossEntropyLoss().Compute(context) + new ReferenceDiceLoss().Compute(context)).item<double>();
        together.Should().BeApproximately(new ReferenceLoss().Compute(context).item<double>(), 1e-12);
    }

    [Fact]
    public void Dice_options_are_checked_and_named()
    {
        Func<object> make = () => new ReferenceDiceLoss(new() { Smooth = -1 });
        make.Should().Throw<ArgumentException>().WithMessage("*Smooth must be above 0*");
        new ReferenceDiceLoss(new() { Form = DiceForm.Squared }).ToString().Should().StartWith("ReferenceDiceLoss Mean {")
            .And.NotBe(new ReferenceDiceLoss().ToString());
        new ReferenceCrossEntropyLoss(BatchReduction.Sum).ToString().Should().Be("ReferenceCrossEntropyLoss Sum");
    }
}
