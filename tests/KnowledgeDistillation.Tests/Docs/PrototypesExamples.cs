using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.PrivilegedKnowledge;
using KnowledgeDistillation.Methods.PrototypeDistillation;
using KnowledgeDistillation.Methods.SelfDistillation;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>The code of docs/prototypes.md.</summary>
public sealed class PrototypesExamples : IDisposable
{
    private static readonly ExclusiveClasses labels = Toy.Labels;

    private readonly Batch spheres = Toy.Spheres();
    private readonly UNet3D student = Toy.Student();
    private readonly UNet3D teacher = Toy.Teacher();
    private readonly TrainingOptions options = new() { Epochs = 3, LearningRate = 1e-2 };

    private InMemoryBatchSource training => Toy.Source(spheres);

    public void Dispose()
    {
        spheres.Dispose();
        student.Dispose();
        teacher.Dispose();
    }

    [Fact]
    public void ProtoKD()
    {
        byte[] before = Toy.Bits(teacher);

        using WeightedObjective objective = PrototypeDistillationObjective.Create(labels, new PrototypeDistillationObjectiveOptions
        {
            TeacherWeight = 10,
            PrototypeWeight = 0.1,
        });
        new DistillationTrainer(student, new FrozenTeacher(teacher), labels, options, objective).Fit(training);

        objective.Terms.Select(term => term.Name).Should().Equal("CE + Dice", "KD", "prototypes");
        Toy.Bits(teacher).Should().Equal(before);
        Toy.Bits(student).Should().NotEqual(Toy.Bits(Toy.Student()));
    }

    [Fact]
    public void PMKL()
    {
        manual_seed(1);

        var pairs = new ContrastivePairLoss(studentWidth: 2, teacherWidth: 2);
        using WeightedObjective objective = PrivilegedKnowledgeObjective.Create(pairs);
        new DistillationTrainer(student, new FrozenTeacher(teacher), labels, options, objective).Fit(training);

        objective.Terms.Select(term => term.Name).Should().Equal("CE + Dice", "KD", "pairs");
    }

    [Fact]
    public void PASSION()
    {
        manual_seed(1);
        using var network = new HvedUNet3D(new HvedUNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 4, Levels = 2 });

        var self = new SelfDistillationLoss(network.Modalities);
        using WeightedObjective objective = SelfDistillationObjective.Create(self, HvedObjective.Create());
        new SupervisedTrainer(network, labels, options, objective).Fit(training);

        objective.Terms.Select(term => term.Name).Should().EndWith("self");
        self.Module.get_buffer("weights")!.data<float>().ToArray().Should().NotEqual([1f, 1f]);
    }
}
