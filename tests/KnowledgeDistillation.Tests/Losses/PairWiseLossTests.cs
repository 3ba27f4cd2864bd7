using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.StructuredDistillation;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class PairWiseLossTests
{
    [Fact]
    public void By_hand()
    {
        using var scope = NewDisposeScope();
        // Two nodes. Student: directions (1, 0) and (0, 1), affinity ((1, 0), (0, 1)). Teacher: (3, 4)/5 and (1, 0), affinity ((1,
        // 3/5), (3/5, 1)), also with a third channel.
        // Squared differences 0, 9/25, 9/25, 0: the mean is 9/50.
        Tensor student = tensor([2.0, 0, 0, 5]).reshape(1, 2, 2);
        Tensor teacher = tensor([3.0, 1, 4, 0, 0, 0]).reshape(1, 3, 2);
        Loss(new(), student, teacher).Should().BeApproximately(0.18, 1e-12);
        new PairWiseLoss(new() { Reduction = BatchReduction.Sum }).Compute(student.repeat(2, 1, 1), teacher.repeat(2, 1, 1)).item<double>()
            .Should().BeApproximately(0.36, 1e-12);
    }

    [Fact]
    public void Patches_are_averaged_to_nodes()
    {
        using var scope = NewDisposeScope();
        // Four voxels in patches of two: student (1, 0) and (0, 1), teacher twice (1, 0).
        Tensor student = tensor([2.0, 0, 1, -1, 0, 0, 3, 1]).reshape(1, 2, 4);
        Tensor teacher = tensor([1.0, 1, 2, 2, 1, -1, 1, -1]).reshape(1, 2, 4);
        Loss(new() { PatchLength = 2 }, student, teacher).Should().BeApproximately(0.5, 1e-12, "affinities ((1, 0), (0, 1)) and ((1, 1), (1, 1))");
        // A length that does not divide leaves a smaller patch at the far end: (1, 0) and (0, 1) again, from voxels 0 to 2 and voxel 3.
        Loss(new() { PatchLength = 3 }, tensor([1.0, 2, 3, 0, 0, 0, 0, 4]).reshape(1, 2, 4), tensor([1.0, 1, 1, 1, 0, 0, 0, 0]).reshape(1, 2, 4))
            .Should().BeApproximately(0.5, 1e-12);
    }

    [Theory]
    [InlineData(64, 8)]
    [InlineData(63, 8)]
    [InlineData(8, 8)]
    [InlineData(7, 1)]
    [InlineData(1, 1)]
    public void The_number_of_nodes_is_bounded_by_longer_patches(int maximumNodes, int nodes)
    {
        using var scope = NewDisposeScope();
        manual_seed(33);
        (Tensor student, Tensor teacher) = (randn([1, 3, 4, 4, 4], ScalarType.Float64), randn([1, 5, 4, 4, 4], ScalarType.Float64));
        // 64 voxels of which each is a node, 8 in patches of two, 8 of three (the last being shorter), 1 of four.
        int length = maximumNodes == 64 ? 1 : nodes == 8 ? 2 : 4;
        double bounded = Loss(new() { MaximumNodes = maximumNodes }, student, teacher);
        bounded.Should().Be(Loss(new() { PatchLength = length, MaximumNodes = 64 }, student, teacher));
        if (nodes == 1)
            bounded.Should().BeApproximately(0, 1e-12, "a node alone has only itself");
    }

    [Fact]
    public void A_rotation_of_the_channels_and_the_size_of_the_features_change_nothing()
    {
        using var scope = NewDisposeScope();
        manual_seed(34);
        Tensor features = randn([1, 2, 5], ScalarType.Float64);
        Tensor rotation = tensor([0.6, -0.8, 0.8, 0.6]).reshape(2, 2);
        Loss(new(), features, 3 * rotation.matmul(features)).Should().BeApproximately(0, 1e-12);
    }

    [Fact]
    public void Nodes_without_any_feature_have_a_finite_gradient()
    {
        using var scope = NewDisposeScope();
        Tensor student = zeros([1, 2, 3]).requires_grad_(true);
        new PairWiseLoss().Compute(student, rand([1, 2, 3])).backward();
        student.grad!.isfinite().all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Other_sizes_and_faulty_options_are_refused()
    {
        using var scope = NewDisposeScope();
        Func<object> sizes = () => new PairWiseLoss().Compute(rand([1, 2, 4, 2]), rand([1, 3, 4, 4]));
        sizes.Should().Throw<ArgumentException>().WithMessage("The student's features [1, 2, 4, 2] and the teacher's [1, 3, 4, 4] must have the same batch and "
            + "spatial size: compare levels of the same resolution.");
        Func<object> fourDimensions = () => new PairWiseLoss().Compute(rand(new long[] { 1, 2, 2, 2, 2, 2 }), rand(new long[] { 1, 2, 2, 2, 2, 2 }));
        fourDimensions.Should().Throw<ArgumentException>().WithMessage("*one to three spatial dimensions*2, 2, 2, 2, 2*");
        Func<object> make = () => new PairWiseLoss(new() { LevelsAboveBottleneck = -1, PatchLength = 0, MaximumNodes = 0, Reduction = (BatchReduction)9 });
        make.Should().Throw<ArgumentException>().WithMessage(
            "PairWiseOptions: LevelsAboveBottleneck must be at least 0, but is -1. PatchLength must be at least 1, but is 0. "
                + "MaximumNodes must be at least 1, but is 0. Reduction has no value 9.");
    }

    private static double Loss(PairWiseOptions options, Tensor student, Tensor teacher) => new PairWiseLoss(options).Compute(student, teacher).item<double>();
}
