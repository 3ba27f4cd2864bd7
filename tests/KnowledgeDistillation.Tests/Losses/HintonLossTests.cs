using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Hinton;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class HintonLossTests
{
    private static readonly ExclusiveClasses Two = new("background", "tumor");
    private static readonly OverlappingRegions OneRegion = new([new Region("WT", 1)], innermostClasses: [1]);
    private static readonly double Log3 = Math.Log(3);

    // KL((1/4, 3/4) ‖ (1/2, 1/2)) = ¼ log ½ + ¾ log 3/2; in the other direction it would be 0.1438.
    private static readonly double Divergence = (0.25 * Math.Log(0.5)) + (0.75 * Math.Log(1.5));

    [Fact]
    public void By_hand_with_the_temperature_on_both_sides_and_its_square_before()
    {
        // At T = 2 logits (0, 2 log 3) give (1/4, 3/4), and equal ones (1/2, 1/2).
        Loss(new() { Temperature = 2 }, [0, 0], [0, 2 * Log3]).Should().BeApproximately(4 * Divergence, 1e-12);
        Loss(new() { Temperature = 2, ScaleBySquaredTemperature = false }, [0, 0], [0, 2 * Log3]).Should().BeApproximately(Divergence, 1e-12);
        // The student is softened too: (0, 2 log 3) against the same teacher is no distance at all.
        Loss(new() { Temperature = 2 }, [0, 2 * Log3], [0, 2 * Log3]).Should().Be(0);
    }

    [Fact]
    public void A_region_is_a_class_against_its_complement()
    {
        using var scope = NewDisposeScope();
        var loss = new HintonLoss(new() { Temperature = 2 });
        loss.Compute(zeros([1, 1, 1], ScalarType.Float64), full([1, 1, 1], 2 * Log3, ScalarType.Float64), OneRegion).item<double>()
            .Should().BeApproximately(4 * Divergence, 1e-12);
    }

    [Fact]
    public void Voxels_are_averaged_and_samples_averaged_or_summed()
    {
        using var scope = NewDisposeScope();
        // Two samples of two voxels, of which one voxel in all differs from the teacher: ¼ of its divergence on average, ½ in the sum over samples.
        Tensor student = zeros([2, 2, 2], ScalarType.Float64);
        Tensor teacher = zeros([2, 2, 2], ScalarType.Float64);
        teacher[0, 1, 0] = Log3;
        double Loss(BatchReduction reduction) => new HintonLoss(new() { Temperature = 1, Reduction = reduction }).Compute(student, teacher, Two).item<double>();
        Loss(BatchReduction.Mean).Should().BeApproximately(Divergence / 4, 1e-12);
        Loss(BatchReduction.Sum).Should().BeApproximately(Divergence / 2, 1e-12);
    }

    [Fact]
    public void With_the_square_the_gradient_hardly_depends_on_a_high_temperature()
    {
        // In the limit the gradient is (z_s − z_t)/K for logits of mean zero, whatever T (Hinton et al. 2015, eq. 4).
        using var scope = NewDisposeScope();
        Tensor teacher = tensor([-1.0, 1]).reshape(1, 2, 1);
        foreach (double temperature in new[] { 100.0, 1000 })
        {
            Tensor student = tensor([2.0, -2]).reshape(1, 2, 1).requires_grad_(true);
            new HintonLoss(new() { Temperature = temperature }).Compute(student, teacher, Two).backward();
            student.grad!.flatten().data<double>().Zip([3.0 / 2, -3.0 / 2]).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < 1e-3);
        }
    }

    [Fact]
    public void Half_precision_logits_are_widened_before_they_are_divided()
    {
        using var scope = NewDisposeScope();
        Tensor student = randn([1, 2, 5]).to(ScalarType.BFloat16);
        Tensor teacher = randn([1, 2, 5]).to(ScalarType.BFloat16);
        Tensor loss = new HintonLoss().Compute(student, teacher, Two);
        loss.dtype.Should().Be(ScalarType.Float32);
        loss.item<float>().Should().Be(new HintonLoss().Compute(student.to(ScalarType.Float32), teacher.to(ScalarType.Float32), Two).item<float>());
    }

    [Fact]
    public void Another_grid_is_refused_and_faults_are_listed_together()
    {
        using var scope = NewDisposeScope();
        Func<object> otherGrid = () => new HintonLoss().Compute(zeros([1, 2, 2]), zeros([1, 2, 1]), Two);
        otherGrid.Should().Throw<ArgumentException>()
            .WithMessage("The student's logits [1, 2, 2] and the teacher's logits [1, 2, 1] must have the same shape.");
        Func<object> make = () => new HintonLoss(new() { Temperature = 0, Reduction = (BatchReduction)9 });
        make.Should().Throw<ArgumentException>().WithMessage("HintonOptions: Temperature must be above 0, but is 0. Reduction has no value 9.");
    }

    private static double Loss(HintonOptions options, double[] student, double[] teacher) =>
        new HintonLoss(options).Compute(tensor(student).reshape(1, 2, 1), tensor(teacher).reshape(1, 2, 1), Two).item<double>();
}
