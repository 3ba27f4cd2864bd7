using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class SoftTargetLossTests
{
    private static readonly ExclusiveClasses Two = new("background", "tumor");
    private static readonly double Log3 = Math.Log(3);

    // Against s = (1/4, 3/4) and s* = (0, 1) with p = (1/4, 3/4): the tumor's Dice is 2·(9/16) / (3/2) = 3/4.
    private static readonly double DiceLoss = 0.25;
    private static readonly double BinaryCrossEntropy = Math.Log(4.0 / 3);
    private static readonly double SoftCrossEntropy = -(0.75 * Math.Log(0.75)) - (0.25 * Math.Log(0.25));

    [Fact]
    public void Temperature_softens_the_teacher_alone()
    {
        Loss(new() { Temperature = 5 }, Logits(0, Log3), Logits(0, 5 * Log3)).Should().BeApproximately(DiceLoss + BinaryCrossEntropy, 1e-5);
    }

    [Fact]
    public void Temperature_softens_both_sides_if_asked()
    {
        var options = new SoftTargetOptions { Temperature = 5, TemperatureOnStudent = true };
        Loss(options, Logits(0, 5 * Log3), Logits(0, 5 * Log3)).Should().BeApproximately(DiceLoss + BinaryCrossEntropy, 1e-5);
    }

    [Fact]
    public void The_squared_temperature_scales_value_and_gradient()
    {
        var options = new SoftTargetOptions { Temperature = 5, ScaleBySquaredTemperature = true };
        Loss(options, Logits(0, Log3), Logits(0, 5 * Log3)).Should().BeApproximately(25 * (DiceLoss + BinaryCrossEntropy), 1e-4);
    }

    [Fact]
    public void Cross_entropy_compares_with_the_soft_targets_if_asked()
    {
        var options = new SoftTargetOptions { Temperature = 5, SoftCrossEntropy = true };
        Loss(options, Logits(0, Log3), Logits(0, 5 * Log3)).Should().BeApproximately(DiceLoss + SoftCrossEntropy, 1e-5);
    }

    [Fact]
    public void The_binary_prediction_is_the_most_probable_class_however_soft_it_is()
    {
        // At T = 50 every class of the teacher is below one half, so a threshold would leave s* empty and reward an empty student.
        using var scope = NewDisposeScope();
        Tensor teacher = tensor([0.0, 4, 0, 0]).reshape(1, 4, 1);
        var loss = new SoftTargetLoss(new() { Temperature = 50 });
        double agreeing = loss.Compute(tensor([0.0, 8, 0, 0]).reshape(1, 4, 1), teacher, Contexts.BratsClasses).item<double>();
        double background = loss.Compute(tensor([8.0, 0, 0, 0]).reshape(1, 4, 1), teacher, Contexts.BratsClasses).item<double>();
        agreeing.Should().BeLessThan(background - 1);
    }

    [Fact]
    public void Dice_options_and_reduction_reach_both_parts()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        (Tensor student, Tensor teacher) = (randn([3, 4, 5], ScalarType.Float64), randn([3, 4, 5], ScalarType.Float64));
        double Loss(SoftTargetOptions options) => new SoftTargetLoss(options).Compute(student, teacher, Contexts.BratsClasses).item<double>();

        Loss(new() { Reduction = BatchReduction.Sum }).Should().BeApproximately(3 * Loss(new()), 1e-10);
        var squared = new SoftDiceOptions { Form = DiceForm.Squared, IncludeBackground = true };
        Tensor s = Contexts.BratsClasses.Probabilities(teacher, 5);
        Tensor p = Contexts.BratsClasses.Probabilities(student);
        double difference = new SoftDiceLoss(squared).Compute(p, s, Contexts.BratsClasses).item<double>()
            - new SoftDiceLoss().Compute(p, s, Contexts.BratsClasses).item<double>();
        (Loss(new() { Dice = squared }) - Loss(new())).Should().BeApproximately(difference, 1e-10);
    }

    [Fact]
    public void From_a_context_or_from_logits_it_is_the_same()
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        (Tensor student, Tensor teacher) = (randn([2, 4, 5]), randn([2, 4, 5]));
        foreach (bool onStudent in new[] { false, true })
        {
            var loss = new SoftTargetLoss(new() { TemperatureOnStudent = onStudent });
            DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([2, 5], ScalarType.Int64), student, ("teacher", teacher));
            loss.Compute(context).item<float>().Should().Be(loss.Compute(student, teacher, Contexts.BratsClasses).item<float>());
        }
    }

    [Fact]
    public void Half_precision_logits_are_widened()
    {
        using var scope = NewDisposeScope();
        Tensor student = randn([1, 4, 5]).to(ScalarType.BFloat16).requires_grad_(true);
        Tensor loss = new SoftTargetLoss().Compute(student, randn([1, 4, 5]).to(ScalarType.BFloat16), Contexts.BratsClasses);
        loss.dtype.Should().Be(ScalarType.Float32);
        loss.backward();
        student.grad!.dtype.Should().Be(ScalarType.BFloat16);
    }

    [Fact]
    public void Without_a_teacher_or_with_another_grid_it_says_so()
    {
        using var scope = NewDisposeScope();
        Tensor labels = zeros([1, 2], ScalarType.Int64);
        Func<object> noTeacher = () => new SoftTargetLoss().Compute(Contexts.Of(Two, labels, Logits(0, 1).repeat(1, 1, 2)));
        noTeacher.Should().Throw<InvalidOperationException>().WithMessage("This loss needs a teacher*");
        Func<object> otherGrid = () => new SoftTargetLoss().Compute(Contexts.Of(Two, labels, Logits(0, 1).repeat(1, 1, 2), ("teacher", Logits(0, 1))));
        otherGrid.Should().Throw<ArgumentException>()
            .WithMessage("The student's logits [1, 2, 2] and the teacher's logits [1, 2, 1] must have the same shape.");
    }

    [Fact]
    public void Faults_of_the_options_are_listed_together_with_those_of_the_dice_options()
    {
        Func<object> make = () => new SoftTargetLoss(new() { Temperature = double.NaN, Reduction = (BatchReduction)9, Dice = new() { Smooth = -1 } });
        make.Should().Throw<ArgumentException>()
            .WithMessage("SoftTargetOptions: Temperature must be above 0, but is NaN. Reduction has no value 9. Dice.Smooth must be above 0, but is -1.");
        Func<object> withoutDice = () => new SoftTargetLoss(new() { Dice = null! });
        withoutDice.Should().Throw<ArgumentException>().WithMessage("*Dice must be given*");
    }

    private static Tensor Logits(double background, double tumor) => tensor([background, tumor]).reshape(1, 2, 1);

    private static double Loss(SoftTargetOptions options, Tensor student, Tensor teacher) =>
        new SoftTargetLoss(options).Compute(student, teacher, Two).item<double>();
}
