using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class TeacherMeanLossTests
{
    [Fact]
    public void It_is_the_mean_or_the_weighted_mean_of_what_each_teacher_gives()
    {
        using var scope = NewDisposeScope();
        (DistillationContext context, double[] alone) = Example();
        new TeacherMeanLoss(new HintonLoss()).Compute(context).item<double>().Should().BeApproximately((alone[0] + alone[1]) / 2, 1e-12);
        // Weights 1 and 3 are shares 1/4 and 3/4.
        new TeacherMeanLoss(new HintonLoss(), new Dictionary<string, double> { ["second"] = 3, ["first"] = 1 }).Compute(context).item<double>()
            .Should().BeApproximately((0.25 * alone[0]) + (0.75 * alone[1]), 1e-12);
        new TeacherMeanLoss(new HintonLoss(), new Dictionary<string, double> { ["first"] = 2, ["second"] = 0 }).Compute(context).item<double>()
            .Should().BeApproximately(alone[0], 1e-12);
    }

    [Fact]
    public void A_teacher_of_weight_zero_is_not_computed()
    {
        using var scope = NewDisposeScope();
        manual_seed(50);
        // The second teacher has another grid, which the loss would refuse.
        DistillationContext context =
            Contexts.Of(Contexts.BratsClasses, zeros([1, 3], ScalarType.Int64), randn([1, 4, 3]), ("first", randn([1, 4, 3])), ("second", randn([1, 4, 2])));
        new TeacherMeanLoss(new HintonLoss(), new Dictionary<string, double> { ["first"] = 1, ["second"] = 0 }).Compute(context).item<float>()
            .Should().BePositive();
    }

    [Fact]
    public void Names_that_are_not_those_of_the_teachers_are_refused()
    {
        using var scope = NewDisposeScope();
        (DistillationContext context, _) = Example();
        foreach (Dictionary<string, double> weights in new Dictionary<string, double>[]
        {
            new() { ["first"] = 1 },
            new() { ["first"] = 1, ["second"] = 1, ["third"] = 1 },
            new() { ["first"] = 1, ["Second"] = 1 },
        })
        {
            new TeacherMeanLoss(new HintonLoss(), weights).Invoking(loss => loss.Compute(context))
                .Should().Throw<ArgumentException>()
                .WithMessage($"The weights are for the teachers *first*, but there are: first, second. Give each teacher a weight, 0 to leave it out.");
        }

        DistillationContext noTeacher = Contexts.Of(Contexts.BratsClasses, zeros([1, 3], ScalarType.Int64), randn([1, 4, 3]));
        new TeacherMeanLoss(new HintonLoss()).Invoking(loss => loss.Compute(noTeacher)).Should().Throw<InvalidOperationException>()
            .WithMessage("This loss needs a teacher*");
    }

    [Fact]
    public void All_faults_are_in_one_message()
    {
        using var holistic = new HolisticLoss(Contexts.BratsClasses, []);
        var within = new WeightedObjective(new LossTerm("KD", 1, new HintonLoss()), new LossTerm("holistic", 1, new NamedTeacherLoss("first", holistic)));
        Func<object> make = () => new TeacherMeanLoss(within, new Dictionary<string, double> { ["b"] = double.NaN, ["a"] = -1 });
        make.Should().Throw<ArgumentException>().WithMessage(
            "TeacherMeanLoss: HolisticLoss trains something of its own against one teacher, so it cannot be averaged over several: "
            + "give each teacher its own term with a NamedTeacherLoss. "
            + "The weight of the teacher 'a' must be finite and at least 0, but is -1. The weight of the teacher 'b' must be finite and at least 0, "
            + "but is NaN. At least one teacher must have a weight above 0.");
    }

    [Fact]
    public void A_resumed_fit_can_tell_other_weights()
    {
        string Name(double weight) => new TeacherMeanLoss(new HintonLoss(), new Dictionary<string, double> { ["b"] = weight, ["a"] = 1 }).ToString();
        Name(0.5).Should().StartWith("TeacherMeanLoss 1 a, 0.5 b HintonLoss {").And.NotBe(Name(0.25));
        new TeacherMeanLoss(new HintonLoss()).ToString().Should().StartWith("TeacherMeanLoss HintonLoss {");
    }

    [Fact]
    public void An_adapter_within_learns()
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D first = Toy.Teacher(seed: 2);
        using UNet3D second = Toy.Teacher(seed: 3);
        using UNet3D student = Toy.Student();
        using var adapter = new AdaptedFeatureMatchingLoss(4, 4);
        byte[] before = Toy.Bits(adapter.Module);
        var objective = new WeightedObjective(
            new LossTerm("reference", 1, new ReferenceLoss()),
            new LossTerm("features", 1, new TeacherMeanLoss(adapter)),
            new LossTerm("bottleneck", 1, new TeacherMeanLoss(new BottleneckLoss())));
        new DistillationTrainer(
            student,
            [new FrozenTeacher(first, "first"), new FrozenTeacher(second, "second")],
            Toy.Labels,
            objective,
            new TrainingOptions { Epochs = 1 })
            .Fit(Toy.Source(spheres));
        Toy.Bits(adapter.Module).Should().NotEqual(before);
    }

    private static (DistillationContext Context, double[] Alone) Example()
    {
        manual_seed(51);
        Tensor student = randn([2, 4, 3], ScalarType.Float64);
        (Tensor first, Tensor second) = (randn([2, 4, 3], ScalarType.Float64), randn([2, 4, 3], ScalarType.Float64));
        double[] alone = [.. new[] { first, second }.Select(teacher => new HintonLoss().Compute(student, teacher, Contexts.BratsClasses).item<double>())];
        alone[0].Should().NotBe(alone[1]);
        return (Contexts.Of(Contexts.BratsClasses, zeros([2, 3], ScalarType.Int64), student, ("first", first), ("second", second)), alone);
    }
}
