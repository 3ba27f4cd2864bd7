using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class BottleneckLossTests
{
    // KL((1/4, 3/4) ‖ (1/2, 1/2)); in the other direction it would be 0.1438.
    private static readonly double OneToThreeAgainstEqual = (0.25 * Math.Log(0.5)) + (0.75 * Math.Log(1.5));

    [Fact]
    public void Softmax_by_hand_in_the_direction_from_teacher_to_student()
    {
        Loss(new(), Features([0, 0]), Features([0, Math.Log(3)])).Should().BeApproximately(OneToThreeAgainstEqual, 1e-12);
    }

    [Fact]
    public void Softmax_runs_over_the_flattened_sample_and_elements_are_summed()
    {
        // Teacher (1, 1, 1, 3)/6 over two channels of two voxels, student 1/4 each.
        double expected = (3 * Math.Log(4.0 / 6) / 6) + (0.5 * Math.Log(2));
        Loss(new(), zeros([1, 2, 2], ScalarType.Float64), tensor([0, 0, 0, Math.Log(3)]).reshape(1, 2, 2)).Should().BeApproximately(expected, 1e-12);
    }

    [Fact]
    public void Absolute_sum_by_hand()
    {
        var options = new BottleneckOptions { Normalization = BottleneckNormalization.AbsoluteSum };
        Loss(options, Features([2, -2]), Features([-1, 3])).Should().BeApproximately(OneToThreeAgainstEqual, 1e-7);
    }

    [Fact]
    public void Absolute_sum_stays_finite_where_features_vanish()
    {
        using var scope = NewDisposeScope();
        var options = new BottleneckOptions { Normalization = BottleneckNormalization.AbsoluteSum };
        // A student without any feature is uniform.
        Loss(options, Features([0, 0]), Features([-1, 3])).Should().BeApproximately(OneToThreeAgainstEqual, 1e-7);
        Loss(options, Features([1, 0]), Features([0, 1])).Should().BeInRange(10, 20);

        Tensor student = zeros([1, 1, 4]).requires_grad_(true);
        new BottleneckLoss(options).Compute(student, rand([1, 1, 4])).backward();
        student.grad!.isfinite().all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Channel_softmax_averages_over_the_channels()
    {
        var options = new BottleneckOptions { Normalization = BottleneckNormalization.ChannelSoftmax };
        Tensor teacher = tensor([0, Math.Log(3), 7, 7]).reshape(1, 2, 2);
        Loss(options, zeros([1, 2, 2], ScalarType.Float64), teacher).Should().BeApproximately(OneToThreeAgainstEqual / 2, 1e-12);
    }

    [Theory]
    [InlineData(BatchReduction.Mean, 0.5)]
    [InlineData(BatchReduction.Sum, 1.0)]
    public void Samples_are_averaged_or_summed(BatchReduction reduction, double factor)
    {
        Tensor teacher = tensor([0, Math.Log(3), 5, 5]).reshape(2, 1, 2);
        Loss(new BottleneckOptions { Reduction = reduction }, zeros([2, 1, 2], ScalarType.Float64), teacher)
            .Should().BeApproximately(factor * OneToThreeAgainstEqual, 1e-12);
    }

    [Fact]
    public void A_level_above_the_bottleneck_can_be_chosen()
    {
        using var scope = NewDisposeScope();
        Tensor logits = zeros([1, 4, 2]);
        Tensor other = rand([1, 3, 1]);
        DistillationContext context = Contexts.Of(
            Contexts.BratsClasses,
            zeros([1, 2], ScalarType.Int64),
            Contexts.OutputOf(logits, Features([0, 0]), other),
            ("teacher", Contexts.OutputOf(logits, Features([0, Math.Log(3)]), other)));

        new BottleneckLoss().Compute(context).item<float>().Should().Be(0);
        new BottleneckLoss(new() { LevelsAboveBottleneck = 1 }).Compute(context).item<double>().Should().BeApproximately(OneToThreeAgainstEqual, 1e-12);
        Func<object> tooHigh = () => new BottleneckLoss(new() { LevelsAboveBottleneck = 2 }).Compute(context);
        tooHigh.Should().Throw<ArgumentException>().WithMessage("The student's encoding has 2 levels, so there is none 2 above the bottleneck.");
    }

    [Theory]
    [InlineData(BottleneckNormalization.Softmax)]
    [InlineData(BottleneckNormalization.AbsoluteSum)]
    [InlineData(BottleneckNormalization.ChannelSoftmax)]
    public void It_is_never_negative_and_zero_for_equal_features(BottleneckNormalization normalization)
    {
        var loss = new BottleneckLoss(new() { Normalization = normalization });
        Gen.Select(Gen.Double[-20, 20].Array[12], Gen.Double[-20, 20].Array[12]).Sample(
            pair =>
            {
                using var scope = NewDisposeScope();
                (Tensor student, Tensor teacher) = (tensor(pair.Item1).reshape(1, 3, 4), tensor(pair.Item2).reshape(1, 3, 4));
                return loss.Compute(student, teacher).item<double>() > -1e-12 && Math.Abs(loss.Compute(student, student).item<double>()) < 1e-12;
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public void A_constant_added_to_all_features_changes_nothing()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        (Tensor student, Tensor teacher) = (randn([2, 3, 4], ScalarType.Float64), randn([2, 3, 4], ScalarType.Float64));
        Loss(new(), student + 100, teacher - 100).Should().BeApproximately(Loss(new(), student, teacher), 1e-10);
    }

    [Fact]
    public void Features_a_thousand_wide_stay_finite_in_every_element_type()
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType type in new[] { ScalarType.Float64, ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
        {
            Tensor student = tensor([1000.0, -1000, 0, 5]).reshape(1, 1, 4).to(type).requires_grad_(true);
            Tensor loss = new BottleneckLoss().Compute(student, (-student).detach());
            loss.dtype.Should().Be(type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);
            loss.to(ScalarType.Float64).item<double>().Should().BeApproximately(2000, 1e-3);
            loss.backward();
            student.grad!.isfinite().all().item<bool>().Should().BeTrue();
        }
    }

    [Theory]
    [InlineData(BottleneckNormalization.Softmax)]
    [InlineData(BottleneckNormalization.AbsoluteSum)]
    [InlineData(BottleneckNormalization.ChannelSoftmax)]
    public void The_sum_over_elements_does_not_grow_when_the_volume_is_doubled_by_tiling(BottleneckNormalization normalization)
    {
        // Twice as many elements, each with half the mass.
        using var scope = NewDisposeScope();
        manual_seed(4);
        (Tensor student, Tensor teacher) = (randn([2, 3, 4, 2], ScalarType.Float64), randn([2, 3, 4, 2], ScalarType.Float64));
        var options = new BottleneckOptions { Normalization = normalization };
        Loss(options, cat([student, student], 2), cat([teacher, teacher], 2)).Should().BeApproximately(Loss(options, student, teacher), 1e-6);
    }

    [Fact]
    public void Features_of_different_shapes_are_refused()
    {
        using var scope = NewDisposeScope();
        Func<object> compute = () => new BottleneckLoss().Compute(rand([1, 8, 2]), rand([1, 1, 2]));
        compute.Should().Throw<ArgumentException>().WithMessage(
            "The student's bottleneck [1, 8, 2] and the teacher's [1, 1, 2] must have the same shape: give both networks the same widths and "
            + "levels, or compare their features through an adapter (AdaptedFeatureMatchingLoss).");
    }

    [Fact]
    public void Faults_of_the_options_are_listed_together()
    {
        Func<object> make = () =>
            new BottleneckLoss(new() { Normalization = (BottleneckNormalization)9, LevelsAboveBottleneck = -1, Reduction = (BatchReduction)9 });
        make.Should().Throw<ArgumentException>()
            .WithMessage("BottleneckOptions: Normalization has no value 9. LevelsAboveBottleneck must be at least 0, but is -1. Reduction has no value 9.");
    }

    private static Tensor Features(double[] values) => tensor(values).reshape(1, 1, values.Length);

    private static double Loss(BottleneckOptions options, Tensor student, Tensor teacher) =>
        new BottleneckLoss(options).Compute(student, teacher).item<double>();
}
