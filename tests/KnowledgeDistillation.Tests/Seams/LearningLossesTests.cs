using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A user whose losses have something to learn: a critic with an optimizer of its own, and an adapter between two widths.</summary>
public sealed class LearningLossesTests
{
    [Fact]
    public void A_critic_and_an_adapter_learn_beside_the_student_and_the_teacher_does_not()
    {
        using Batch spheres = Toy.Spheres();
        manual_seed(1);
        using var teacher = new UNet3D(new UNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 4, Levels = 2 });
        using var student = new UNet3D(new UNet3DOptions { Modalities = ["faint"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        using var adapter = new AdapterLoss(studentWidth: 4, teacherWidth: 8);
        using var adversary = new AdversarialLoss(channels: 2);
        (byte[] teacherBefore, byte[] adapterBefore, byte[] criticBefore) = (Toy.Bits(teacher), Toy.Bits(adapter.Module), Toy.Bits(adversary.Module));

        var objective = new WeightedObjective(
            new LossTerm("reference", 1, new ReferenceLoss()),
            new LossTerm("features", 0.1, adapter),
            new LossTerm("adversary", 0.01, adversary));
        var options = new TrainingOptions { Epochs = 5, LearningRate = 1e-2 };
        TrainingResult result = new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective, options)
            .Fit(Toy.Source(spheres), Toy.Source(spheres));

        double Term(EpochReport report, string name) => report.Validation!.Terms.Single(term => term.Name == name).Value;
        Term(result.History[^1], "reference").Should().BeLessThan(Term(result.History[0], "reference"));
        Term(result.History[^1], "features").Should().BeLessThan(Term(result.History[0], "features"));
        Toy.Bits(adapter.Module).Should().NotEqual(adapterBefore);
        Toy.Bits(adversary.Module).Should().NotEqual(criticBefore);
        Toy.Bits(teacher).Should().Equal(teacherBefore);
    }

    [Fact]
    public void A_critic_of_one_of_several_teachers_sees_that_teacher_alone()
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D first = Toy.Teacher(seed: 2);
        using UNet3D second = Toy.Teacher(seed: 3);
        using UNet3D student = Toy.Student();
        using var adversary = new AdversarialLoss(channels: 2);
        byte[] before = Toy.Bits(adversary.Module);
        var objective = new WeightedObjective(
            new LossTerm("reference", 1, new ReferenceLoss()),
            new LossTerm("adversary", 0.1, new NamedTeacherLoss("second", adversary)));
        new DistillationTrainer(
            student,
            [new FrozenTeacher(first, "first"), new FrozenTeacher(second, "second")],
            Toy.Labels,
            objective,
            new TrainingOptions { Epochs = 1 })
            .Fit(Toy.Source(spheres));
        Toy.Bits(adversary.Module).Should().NotEqual(before);
    }

    [Fact]
    public void A_loss_that_two_optimizers_would_move_is_refused()
    {
        using UNet3D teacher = Toy.Teacher();
        using UNet3D student = Toy.Student();
        using var both = new LearnableAndSelfTraining();
        var objective = new WeightedObjective(new LossTerm("both", 1, new NamedTeacherLoss("teacher", both)));
        FluentActions.Invoking(() => new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective))
            .Should().Throw<ArgumentException>().WithMessage("The loss LearnableAndSelfTraining of 'both.0' is both an ILearnableLoss and an "
                + "ISelfTrainingLoss, so two optimizers would move it: make it one of them.");
    }

    [Fact]
    public void A_critic_that_stands_in_two_terms_is_refused_and_an_adapter_there_learns_once()
    {
        using UNet3D first = Toy.Teacher(seed: 2);
        using UNet3D second = Toy.Teacher(seed: 3);
        using UNet3D student = Toy.Student();
        using var adversary = new AdversarialLoss(channels: 2);
        FrozenTeacher[] teachers = [new FrozenTeacher(first, "first"), new FrozenTeacher(second, "second")];
        var twice = new WeightedObjective(
            new LossTerm("a", 1, new NamedTeacherLoss("first", adversary)), new LossTerm("b", 1, new NamedTeacherLoss("second", adversary)));
        FluentActions.Invoking(() => new DistillationTrainer(student, teachers, Toy.Labels, twice))
            .Should().Throw<ArgumentException>()
            .WithMessage("The loss AdversarialLoss of 'b.0' trains something of its own and stands in the objective twice: make one for each term.");

        using Batch spheres = Toy.Spheres();
        using var adapter = new AdapterLoss(4, 4);
        byte[] before = Toy.Bits(adapter.Module);
        var shared = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()),
            new LossTerm("a", 1, new NamedTeacherLoss("first", adapter)),
            new LossTerm("b", 1, new NamedTeacherLoss("second", adapter)));
        new DistillationTrainer(student, teachers, Toy.Labels, shared, new TrainingOptions { Epochs = 1 }).Fit(Toy.Source(spheres));
        Toy.Bits(adapter.Module).Should().NotEqual(before);
    }

    [Fact]
    public void What_a_critic_minimizes_must_be_finite_else_the_fit_stops_before_the_critic_moves()
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D teacher = Toy.Teacher();
        using UNet3D student = Toy.Student();
        using var broken = new BreakingCritic(atCall: 3);
        byte[] critic = [];
        byte[] weights = [];
        var options = new TrainingOptions
        {
            Epochs = 2,
            Callbacks = [new ActionCallback(step => (critic, weights) = (Toy.Bits(broken.Module), Toy.Bits(student)))],
        };
        var objective = new WeightedObjective(new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("critic", 1, broken));
        NonFiniteLossException thrown = FluentActions
            .Invoking(() => new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective, options).Fit(Toy.Source(spheres)))
            .Should().Throw<NonFiniteLossException>().Which;

        (thrown.Epoch, thrown.Step, thrown.InValidation).Should().Be((1, 0, false));
        thrown.CaseIds.Should().HaveCount(2);
        thrown.Terms.Should().ContainSingle().Which.Name.Should().Be("critic, what BreakingCritic trains beside the student");
        thrown.Message.Should().Contain("= NaN");
        Toy.Bits(broken.Module).Should().Equal(critic, "the critic is that of the last sound step");
        Toy.Bits(student).Should().Equal(weights);
    }

    private sealed class LearnableAndSelfTraining : ILearnableLoss, ISelfTrainingLoss, IDisposable
    {
        private readonly AdversarialLoss _adversary = new(channels: 2);

        public nn.Module Module => _adversary.Module;

        public TorchSharp.Modules.OptimizerHelper Optimizer => _adversary.Optimizer;

        public Tensor Compute(DistillationContext context) => _adversary.Compute(context);

        public Tensor ComputeOwn(DistillationContext context) => _adversary.ComputeOwn(context);

        public void Dispose() => _adversary.Dispose();
    }

    // Without batch norm, whose statistics change in each forward pass.
    private sealed class BreakingCritic(int atCall) : ISelfTrainingLoss, IDisposable
    {
        private readonly HolisticLoss _holistic = new(Toy.Labels, []);
        private int _calls;

        public nn.Module Module => _holistic.Module;

        public TorchSharp.Modules.OptimizerHelper Optimizer => _holistic.Optimizer;

        public Tensor Compute(DistillationContext context) => _holistic.Compute(context);

        public Tensor ComputeOwn(DistillationContext context) => _holistic.ComputeOwn(context) * (++_calls == atCall ? double.NaN : 1);

        public void Dispose() => _holistic.Dispose();
    }
}
