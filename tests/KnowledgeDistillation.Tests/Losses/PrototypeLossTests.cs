using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.PrototypeDistillation;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class PrototypeLossTests
{
    [Fact]
    public void By_hand()
    {
        using var scope = NewDisposeScope();
        // Two classes, one voxel each. Student: (1, 0) and (0, 1) are the prototypes, so the similarities are 1, 0 and 0, 1.
        // Teacher: (3, 4) and (1, 0): 1, 3/5 and 3/5, 1. Squared differences 0, 9/25, 9/25, 0.
        Tensor student = tensor([1.0, 0, 0, 1]).reshape(1, 2, 2), teacher = tensor([3.0, 1, 4, 0]).reshape(1, 2, 2);
        Tensor target = tensor([1.0, 0, 0, 1]).reshape(1, 2, 2);
        new PrototypeLoss().Compute(student, teacher, target).item<double>().Should().BeApproximately(0.18, 1e-12);
    }

    [Fact]
    public void A_rotated_copy_of_the_features_and_one_of_another_length_cost_nothing()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        Tensor student = randn([2, 4, 3, 3], ScalarType.Float64);
        (Tensor rotation, _) = linalg.qr(randn([4, 4], ScalarType.Float64));
        Tensor rotated = einsum("dc,ncxy->ndxy", 7 * rotation, student), target = nn.functional.one_hot(randint(0, 3, [2, 3, 3]), 3).permute(0, 3, 1, 2);
        new PrototypeLoss().Compute(student, rotated, target).item<double>().Should().BeApproximately(0, 1e-12);
    }

    [Fact]
    public void Regions_that_overlap_have_a_prototype_each()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        (Tensor student, Tensor teacher) = (randn([1, 3, 6], ScalarType.Float64), randn([1, 3, 6], ScalarType.Float64));
        Tensor whole = ones([1, 1, 6]), part = tensor([1.0f, 0, 0, 1, 1, 0]).reshape(1, 1, 6);
        var loss = new PrototypeLoss();
        double one = loss.Compute(student, teacher, whole).item<double>(), other = loss.Compute(student, teacher, part).item<double>();
        loss.Compute(student, teacher, cat([whole, part], 1)).item<double>().Should().BeApproximately((one + other) / 2, 1e-12);
    }

    [Fact]
    public void What_lies_at_ignored_voxels_changes_nothing_and_gets_no_gradient()
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        Tensor student = randn(1, 3, 5), teacher = randn(1, 3, 5), target = nn.functional.one_hot(tensor([0L, 1, 0, 1, 0]), 2).transpose(0, 1).unsqueeze(0);
        Tensor ignored = tensor([false, false, false, true, true]).unsqueeze(0), other = student.clone();
        other[.., .., 3..] += 5;
        other.requires_grad = true;
        var loss = new PrototypeLoss();
        Tensor value = loss.Compute(other, teacher, target, ignored);
        value.item<float>().Should().BeApproximately(
            loss.Compute(student[.., .., ..3], teacher[.., .., ..3], target[.., .., ..3]).item<float>(), 1e-6f);
        value.backward();
        other.grad![.., .., 3..].abs().sum().item<float>().Should().Be(0);
        other.grad!.abs().sum().item<float>().Should().BePositive();
        loss.Compute(student, teacher, target, ones_like(ignored)).item<float>().Should().Be(0, "nothing is left");
    }

    [Fact]
    public void Features_of_another_resolution_than_the_labels_or_of_no_network_are_refused()
    {
        using var scope = NewDisposeScope();
        var loss = new PrototypeLoss();
        loss.Invoking(it => it.Compute(zeros(1, 2, 4), zeros(1, 2, 4), zeros(1, 2, 8))).Should().Throw<ArgumentException>()
            .WithMessage("*reference [1, 2, 8]*features [1, 2, 4]*resolution of the labels*");
        loss.Invoking(it => it.Compute(zeros(1, 2, 4), zeros(1, 2, 3), zeros(1, 2, 4))).Should().Throw<ArgumentException>();
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([1, 3], ScalarType.Int64), zeros(1, 4, 3), ("teacher", zeros(1, 4, 3)));
        loss.Invoking(it => it.Compute(context)).Should().Throw<ArgumentException>()
            .WithMessage("PrototypeLoss*student*TensorNetwork gives no features of its decoder*");
        Func<object> make = () => new PrototypeLoss(new() { StudentFeatures = " ", Reduction = (BatchReduction)7 });
        make.Should().Throw<ArgumentException>()
            .WithMessage("PrototypeOptions: StudentFeatures must name features of the student's decoder. Reduction has no value 7.");
    }
}
