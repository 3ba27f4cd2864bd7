using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AttentionTransfer;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class AttentionTransferLossTests
{
    [Fact]
    public void By_hand()
    {
        using var scope = NewDisposeScope();
        // One voxel pair, two channels against one. Student: (1² + 1², 0² + 0²) → (1, 0). Teacher: (√3², 2²) = (3,
        // 4) → (3/5, 4/5). Distance (2/5)² + (4/5)² = 4/5.
        Tensor student = tensor([1.0, 0, -1, 0]).reshape(1, 2, 2);
        Tensor teacher = tensor([-Math.Sqrt(3), 2]).reshape(1, 1, 2);
        Loss(new(), student, teacher).Should().BeApproximately(0.8, 1e-12);
        // With p = 1: teacher (3, 4) from features (3, −4).
        Loss(new() { Power = 1 }, student, tensor([3.0, -4]).reshape(1, 1, 2)).Should().BeApproximately(0.8, 1e-12);
    }

    [Fact]
    public void Levels_are_averaged_and_can_be_left_out_from_the_top()
    {
        using var scope = NewDisposeScope();
        Tensor logits = zeros([1, 4, 2]);
        Tensor along = tensor([1.0, 0]).reshape(1, 1, 2);
        Tensor across = tensor([0.0, 1]).reshape(1, 1, 2);
        DistillationContext context = Contexts.Of(
            Contexts.BratsClasses,
            zeros([1, 2], ScalarType.Int64),
            Contexts.OutputOf(logits, along, across, along),
            ("teacher", Contexts.OutputOf(logits, across, across, along)));
        // Only the top level differs, by ‖(1, 0) − (0, 1)‖² = 2.
        new AttentionTransferLoss().Compute(context).item<double>().Should().BeApproximately(2.0 / 3, 1e-12);
        new AttentionTransferLoss(new() { DeepestLevels = 2 }).Compute(context).item<double>().Should().Be(0);
        Func<object> tooMany = () => new AttentionTransferLoss(new() { DeepestLevels = 4 }).Compute(context);
        tooMany.Should().Throw<ArgumentException>().WithMessage("The student's encoding has 3 levels, but 4 are to be compared.");
    }

    [Fact]
    public void The_size_of_the_features_does_not_matter()
    {
        using var scope = NewDisposeScope();
        Tensor features = randn([2, 3, 4], ScalarType.Float64);
        Loss(new(), features, 7 * features).Should().BeApproximately(0, 1e-12);
    }

    [Fact]
    public void Features_that_are_all_zero_have_a_finite_gradient()
    {
        using var scope = NewDisposeScope();
        foreach (double power in new[] { 1.0, 2, 4 })
        {
            Tensor student = zeros([1, 2, 3]).requires_grad_(true);
            Tensor loss = new AttentionTransferLoss(new() { Power = power }).Compute([student], [rand([1, 2, 3])]);
            loss.item<float>().Should().BeApproximately(1, 1e-5f, "a map of nothing against a unit vector");
            loss.backward();
            student.grad!.isfinite().all().item<bool>().Should().BeTrue();
        }
    }

    [Fact]
    public void Levels_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        Func<object> numbers = () => new AttentionTransferLoss().Compute([rand([1, 2, 2])], [rand([1, 2, 2]), rand([1, 2, 2])]);
        numbers.Should().Throw<ArgumentException>().WithMessage("The student gives 1 levels and the teacher 2: attention is compared level by level, "
            + "so give both the same number, at least one, or set DeepestLevels.");
        Func<object> sizes = () => new AttentionTransferLoss().Compute([rand([1, 2, 2])], [rand([1, 2, 3])]);
        sizes.Should().Throw<ArgumentException>().WithMessage(
            "The student's features [1, 2, 2] and the teacher's [1, 2, 3] must have the same batch and spatial size: compare levels of the same resolution.");
        Func<object> make = () => new AttentionTransferLoss(new() { Power = 0.5, DeepestLevels = 0, Reduction = (BatchReduction)9 });
        make.Should().Throw<ArgumentException>().WithMessage(
            "AttentionTransferOptions: Power must be at least 1, but is 0.5. DeepestLevels must be at least 1 or null, but is 0. Reduction has no value 9.");
    }

    private static double Loss(AttentionTransferOptions options, Tensor student, Tensor teacher) =>
        new AttentionTransferLoss(options).Compute([student], [teacher]).item<double>();
}
