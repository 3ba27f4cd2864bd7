using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hinton;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class ImitationLossTests
{
    private static readonly ExclusiveClasses Two = new("background", "tumor");
    private static readonly double Log3 = Math.Log(3);

    [Fact]
    public void By_hand_with_the_temperature_on_the_teacher_alone()
    {
        // s = (1/4, 3/4) at T = 5; p = (1/2, 1/2): −¼ log ½ − ¾ log ½ = log 2.
        Loss(5, [0, 0], [0, 5 * Log3]).Should().BeApproximately(Math.Log(2), 1e-12);
        // p = (3/4, 1/4): −¼ log ¾ − ¾ log ¼.
        Loss(5, [Log3, 0], [0, 5 * Log3]).Should().BeApproximately((-0.25 * Math.Log(0.75)) - (0.75 * Math.Log(0.25)), 1e-12);
    }

    [Fact]
    public void Its_least_value_is_the_entropy_of_the_targets_and_the_rest_is_the_divergence()
    {
        double entropy = (-0.25 * Math.Log(0.25)) - (0.75 * Math.Log(0.75));
        Loss(1, [0, Log3], [0, Log3]).Should().BeApproximately(entropy, 1e-12);
        using var scope = NewDisposeScope();
        manual_seed(30);
        (Tensor student, Tensor teacher) = (randn([2, 4, 5], ScalarType.Float64), randn([2, 4, 5], ScalarType.Float64));
        var imitation = new ImitationLoss(new() { Temperature = 1 });
        double divergence = new HintonLoss(new() { Temperature = 1 }).Compute(student, teacher, Contexts.BratsClasses).item<double>();
        (imitation.Compute(student, teacher, Contexts.BratsClasses) - imitation.Compute(teacher, teacher, Contexts.BratsClasses)).item<double>()
            .Should().BeApproximately(divergence, 1e-12);
    }

    [Fact]
    public void Regions_are_summed_and_voxels_averaged()
    {
        using var scope = NewDisposeScope();
        // Three regions of p = 1/2 against anything cost log 2 each, at every voxel.
        new ImitationLoss().Compute(zeros([2, 3, 4], ScalarType.Float64), randn([2, 3, 4], ScalarType.Float64), Contexts.BratsRegions)
            .item<double>().Should().BeApproximately(3 * Math.Log(2), 1e-12);
        new ImitationLoss(new() { Reduction = BatchReduction.Sum })
            .Compute(zeros([2, 3, 4], ScalarType.Float64), randn([2, 3, 4], ScalarType.Float64), Contexts.BratsRegions)
            .item<double>().Should().BeApproximately(6 * Math.Log(2), 1e-12);
    }

    [Fact]
    public void Another_grid_is_refused_and_faults_are_listed_together()
    {
        using var scope = NewDisposeScope();
        Func<object> otherGrid = () => new ImitationLoss().Compute(zeros([1, 2, 2]), zeros([1, 3, 2]), Two);
        otherGrid.Should().Throw<ArgumentException>()
            .WithMessage("The student's logits [1, 2, 2] and the teacher's logits [1, 3, 2] must have the same shape.");
        Func<object> make = () => new ImitationLoss(new() { Temperature = double.PositiveInfinity, Reduction = (BatchReduction)9 });
        make.Should().Throw<ArgumentException>().WithMessage("ImitationOptions: Temperature must be above 0, but is Infinity. Reduction has no value 9.");
    }

    private static double Loss(double temperature, double[] student, double[] teacher) =>
        new ImitationLoss(new() { Temperature = temperature }).Compute(tensor(student).reshape(1, 2, 1), tensor(teacher).reshape(1, 2, 1), Two).item<double>();
}
