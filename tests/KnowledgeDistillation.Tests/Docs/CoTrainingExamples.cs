using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StyleMatching;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>The examples of docs/co-training.md.</summary>
public sealed class CoTrainingExamples : IDisposable
{
    private static readonly ExclusiveClasses labels = Toy.Labels;

    private readonly TemporaryFolder temporary = new();
    private readonly Batch spheres = Toy.Spheres();
    private readonly UNet3D student = Toy.Student();
    private readonly UNet3D teacher = Toy.Teacher();

    private string folder => temporary["run"];

    private TrainingOptions options => new() { Epochs = 2, OutputFolder = folder };

    private InMemoryBatchSource training => Toy.Source(spheres);

    private InMemoryBatchSource validation => Toy.Source(spheres);

    public void Dispose()
    {
        spheres.Dispose();
        student.Dispose();
        teacher.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void Own_objective()
    {
        using var objective = new WeightedObjective(
            new LossTerm("reference", 0.5, new ReferenceLoss()),
            new LossTerm("teacher's reference", 0.5, new TeacherAsStudentLoss(new ReferenceLoss())),
            new LossTerm("KD", 1, new RampedUpLoss(new HintonLoss(), epochs: 20)),
            new LossTerm("consistency", 1, new CoTrainingConsistencyLoss()));
        var trainer = new CoTrainingTrainer(student, new LearningTeacher(teacher), labels, objective, options);
        TrainingResult result = trainer.Fit(training, validation);

        using SegmentationModel taught = SegmentationModel.Load(new TrainingRun(folder).TeacherFolder);

        result.History.Should().HaveCount(2);
        Toy.Bits(taught.Network).Should().Equal(Toy.Bits(teacher));
    }

    [Fact]
    public void Acn()
    {
        byte[] before = Toy.Bits(teacher);
        using WeightedObjective objective = AdversarialCoTrainingObjective.Create(labels, bottleneckWidth: 4);
        new CoTrainingTrainer(student, new LearningTeacher(teacher), labels, objective, options).Fit(training);

        Toy.Bits(teacher).Should().NotEqual(before);
    }

    [Fact]
    public void Smu_net()
    {
        byte[] before = Toy.Bits(teacher);
        using WeightedObjective objective = StyleMatchingObjective.Create(levelWidths: [2, 4]);
        new CoTrainingTrainer(student, new LearningTeacher(teacher), labels, objective, options).Fit(training);

        Toy.Bits(teacher).Should().NotEqual(before);
    }
}
