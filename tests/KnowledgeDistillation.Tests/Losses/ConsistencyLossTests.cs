using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Consistency;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>The zero-order and first-order terms of Xie et al.</summary>
public class ConsistencyLossTests
{
    [Fact]
    public void Zero_order_by_hand()
    {
        using var scope = NewDisposeScope();
        // Two voxels: (3/4, 1/4) against (1/2, 1/2) is 1/16 + 1/16 = 1/8; the other is equal. The mean over both is 1/16.
        Tensor student = tensor([0.5, 0.2, 0.5, 0.8]).reshape(1, 2, 2);
        Tensor teacher = tensor([0.75, 0.2, 0.25, 0.8]).reshape(1, 2, 2);
        new ZeroOrderConsistencyLoss().Compute(student, teacher).item<double>().Should().BeApproximately(1.0 / 16, 1e-12);
        new ZeroOrderConsistencyLoss(BatchReduction.Sum).Compute(student.repeat(3, 1, 1), teacher.repeat(3, 1, 1)).item<double>()
            .Should().BeApproximately(3.0 / 16, 1e-12);
    }

    [Fact]
    public void First_order_by_hand_on_a_line()
    {
        using var scope = NewDisposeScope();
        // Probabilities (p, 1 − p) of p = 0, 1, 1 for the teacher. Voxels 0 and 1 are at a squared distance of 1 + 1 = 2, voxels 1 and 2 of 0: C_t = (2, 2, 0).
        // The student's p = 1/2 everywhere, so C_s = (0, 0, 0), and the mean of (C_t − C_s)² is (4 + 4 + 0)/3.
        Tensor teacher = TwoClasses(tensor([0.0, 1, 1]).reshape(1, 1, 3));
        Tensor student = TwoClasses(full([1, 1, 3], 0.5, ScalarType.Float64));
        foreach (Neighborhood neighborhood in Enum.GetValues<Neighborhood>())
        {
            new FirstOrderConsistencyLoss(new() { Neighborhood = neighborhood }).Compute(student, teacher).item<double>()
                .Should().BeApproximately(8.0 / 3, 1e-12);
        }
    }

    [Theory]
    [InlineData(Neighborhood.Faces, 2, 4, 2)]
    [InlineData(Neighborhood.Corners, 2, 8, 3)]
    [InlineData(Neighborhood.Faces, 3, 6, 3)]
    [InlineData(Neighborhood.Corners, 3, 26, 7)]
    public void First_order_by_hand_around_one_voxel(Neighborhood neighborhood, int dimensions, int neighborsInside, int neighborsAtACorner)
    {
        using var scope = NewDisposeScope();
        long[] shape = [1, 1, .. Enumerable.Repeat(3L, dimensions)];
        int voxels = (int)Math.Pow(3, dimensions);
        Tensor student = TwoClasses(full(shape, 0.5, ScalarType.Float64));
        var loss = new FirstOrderConsistencyLoss(new() { Neighborhood = neighborhood });

        // One voxel of p = 1 among those of p = 0: a squared distance of 2 to each of its n neighbors.
        // So C_t is 2n there and 2 at each neighbor: (2n)² + n·2² over all voxels.
        double Expected(int n) => ((4.0 * n * n) + (4 * n)) / voxels;
        Tensor center = zeros(shape, ScalarType.Float64);
        center.flatten()[voxels / 2] = 1;
        loss.Compute(student, TwoClasses(center)).item<double>().Should().BeApproximately(Expected(neighborsInside), 1e-12);
        Tensor corner = zeros(shape, ScalarType.Float64);
        corner.flatten()[0] = 1;
        loss.Compute(student, TwoClasses(corner)).item<double>()
            .Should().BeApproximately(Expected(neighborsAtACorner), 1e-12, "what lies outside does not count");
    }

    [Theory]
    [InlineData(Neighborhood.Faces)]
    [InlineData(Neighborhood.Corners)]
    public void First_order_is_what_a_loop_over_all_pairs_of_neighbors_gives(Neighborhood neighborhood)
    {
        Gen.Select(Gen.Double[0, 1].Array[36], Gen.Double[0, 1].Array[36]).Sample(
            pair =>
            {
                using var scope = NewDisposeScope();
                (Tensor student, Tensor teacher) = (tensor(pair.Item1).reshape(1, 2, 2, 3, 3), tensor(pair.Item2).reshape(1, 2, 2, 3, 3));
                (double[] ofStudent, double[] ofTeacher) = (MapByLoop(pair.Item1, neighborhood), MapByLoop(pair.Item2, neighborhood));
                double expected = ofStudent.Zip(ofTeacher, (s, t) => (t - s) * (t - s)).Average();
                double actual = new FirstOrderConsistencyLoss(new() { Neighborhood = neighborhood }).Compute(student, teacher).item<double>();
                return Math.Abs(actual - expected) < 1e-10;
            },
            iter: 20,
            threads: 1);
    }

    [Fact]
    public void Both_take_the_probabilities_of_the_context()
    {
        using var scope = NewDisposeScope();
        manual_seed(31);
        (Tensor student, Tensor teacher) = (randn([2, 4, 3, 3]), randn([2, 4, 3, 3]));
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([2, 3, 3], ScalarType.Int64), student, ("teacher", teacher));
        (Tensor p, Tensor q) = (Contexts.BratsClasses.Probabilities(student), Contexts.BratsClasses.Probabilities(teacher));
        new ZeroOrderConsistencyLoss().Compute(context).item<float>().Should().Be(new ZeroOrderConsistencyLoss().Compute(p, q).item<float>()).And.BePositive();
        new FirstOrderConsistencyLoss().Compute(context).item<float>().Should().Be(new FirstOrderConsistencyLoss().Compute(p, q).item<float>())
            .And.BePositive();
    }

    [Fact]
    public void Other_shapes_and_faulty_options_are_refused()
    {
        using var scope = NewDisposeScope();
        foreach (Func<object> compute in new Func<object>[]
        {
            () => new ZeroOrderConsistencyLoss().Compute(rand([1, 2, 3]), rand([1, 2, 1])),
            () => new FirstOrderConsistencyLoss().Compute(rand([1, 2, 3]), rand([1, 2, 1])),
        })
        {
            compute.Should().Throw<ArgumentException>()
                .WithMessage("The student's probabilities [1, 2, 3] and the teacher's probabilities [1, 2, 1] must have the same shape.");
        }

        Func<object> make = () => new FirstOrderConsistencyLoss(new() { Neighborhood = (Neighborhood)9, Reduction = (BatchReduction)9 });
        make.Should().Throw<ArgumentException>().WithMessage("FirstOrderConsistencyOptions: Neighborhood has no value 9. Reduction has no value 9.");
        Func<object> reduction = () => new ZeroOrderConsistencyLoss((BatchReduction)9);
        reduction.Should().Throw<ArgumentOutOfRangeException>();
    }

    private static Tensor TwoClasses(Tensor probability) => cat([probability, 1 - probability], 1);

    // Two channels of 2×3×3 voxels.
    private static double[] MapByLoop(double[] probabilities, Neighborhood neighborhood)
    {
        (int Depth, int Height, int Width)[] voxels = [.. Enumerable.Range(0, 18).Select(i => (i / 9, i / 3 % 3, i % 3))];
        double[] map = new double[18];
        for (int i = 0; i < 18; i++)
        {
            for (int j = 0; j < 18; j++)
            {
                int[] apart =
                    [Math.Abs(voxels[i].Depth - voxels[j].Depth), Math.Abs(voxels[i].Height - voxels[j].Height), Math.Abs(voxels[i].Width - voxels[j].Width)];
                bool neighbors = i != j && apart.Max() == 1 && (neighborhood == Neighborhood.Corners || apart.Sum() == 1);
                if (neighbors)
                    map[i] += Enumerable.Range(0, 2).Sum(channel => Math.Pow(probabilities[(18 * channel) + i] - probabilities[(18 * channel) + j], 2));
            }
        }

        return map;
    }
}
