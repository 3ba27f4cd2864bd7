using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class ReferenceLossTests
{
    [Fact]
    public void One_voxel_by_hand_without_any_teacher()
    {
        using var scope = NewDisposeScope();
        // p = (1/4, 3/4) against (0, 1): Dice 2·(3/4) / (7/4) = 6/7, cross-entropy log 4/3.
        Tensor logits = tensor([0, Math.Log(3)]).reshape(1, 2, 1);
        DistillationContext context = Contexts.Of(new ExclusiveClasses("background", "tumor"), ones([1, 1], ScalarType.Int64), logits);
        new ReferenceLoss().Compute(context).item<double>().Should().BeApproximately((1.0 / 7) + Math.Log(4.0 / 3), 1e-5);
    }

    [Fact]
    public void Dice_options_and_reduction_reach_both_parts()
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        Tensor logits = randn([3, 3, 5], ScalarType.Float64);
        Tensor labels = randint(0, 4, [3, 5], ScalarType.Int64);
        DistillationContext context = Contexts.Of(Contexts.BratsRegions, labels, logits);
        double mean = new ReferenceLoss().Compute(context).item<double>();
        new ReferenceLoss(reduction: BatchReduction.Sum).Compute(context).item<double>().Should().BeApproximately(3 * mean, 1e-10);

        var squared = new SoftDiceOptions { Form = DiceForm.Squared };
        double expected = new SoftDiceLoss(squared).Compute(context.StudentProbabilities, context.Target, context.Labels).item<double>()
            + new BinaryCrossEntropyLoss().Compute(logits, context.Target, context.Labels).item<double>();
        new ReferenceLoss(squared).Compute(context).item<double>().Should().BeApproximately(expected, 1e-12);
    }

    [Fact]
    public void It_falls_towards_zero_as_the_student_becomes_right()
    {
        using var scope = NewDisposeScope();
        manual_seed(8);
        Tensor labels = randint(0, 4, [2, 4, 4], ScalarType.Int64);
        foreach (LabelScheme scheme in new LabelScheme[] { Contexts.BratsClasses, Contexts.BratsRegions })
        {
            double[] losses = [.. new[] { -10.0, -1, 0, 1, 10, 30 }.Select(confidence =>
                new ReferenceLoss().Compute(Contexts.Of(scheme, labels, (scheme.Encode(labels) - 0.5) * confidence)).item<float>())];
            losses.Should().BeInDescendingOrder();
            losses[^1].Should().BeLessThan(1e-5);
        }
    }

    [Fact]
    public void A_student_on_another_grid_than_the_reference_is_refused()
    {
        using var scope = NewDisposeScope();
        Func<object> compute = () => new ReferenceLoss().Compute(Contexts.Of(Contexts.BratsClasses, zeros([1, 5], ScalarType.Int64), randn([1, 4, 1])));
        compute.Should().Throw<ArgumentException>().WithMessage("*[1, 4, 1]*[1, 4, 5]*same shape*");
    }
}
