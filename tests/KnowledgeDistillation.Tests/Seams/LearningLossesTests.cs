using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A user whose losses have something to learn: a critic with an optimiser of its own, and an adapter between two widths.</summary>
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
        TrainingResult result = new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective, options).Fit(Toy.Source(spheres), Toy.Source(spheres));

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
            new LossTerm("adversary", 0.1, new TeacherLoss("second", adversary)));
        new DistillationTrainer(student, [new FrozenTeacher(first, "first"), new FrozenTeacher(second, "second")], Toy.Labels, objective, new TrainingOptions { Epochs = 1 })
            .Fit(Toy.Source(spheres));
        Toy.Bits(adversary.Module).Should().NotEqual(before);
    }
}
