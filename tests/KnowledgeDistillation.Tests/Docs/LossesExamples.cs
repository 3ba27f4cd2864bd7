using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.Consistency;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>The examples of docs/losses.md.</summary>
public sealed class LossesExamples : IDisposable
{
    private static readonly ExclusiveClasses labels = Toy.Labels;

    private readonly Batch spheres = Toy.Spheres();
    private readonly UNet3D student = Toy.Student();
    private readonly UNet3D teacherNetwork = Toy.Teacher();
    private readonly TrainingOptions options = new() { Epochs = 1 };

    private InMemoryBatchSource training => Toy.Source(spheres);

    public void Dispose()
    {
        spheres.Dispose();
        student.Dispose();
        teacherNetwork.Dispose();
    }

    [Fact]
    public void Hinton()
    {
        var teacher = new FrozenTeacher(teacherNetwork);
        WeightedObjective objective = HintonObjective.Create(new HintonObjectiveOptions
        {
            TeacherWeight = 0.5,
            SoftTargets = new HintonOptions { Temperature = 4 },
        });
        new DistillationTrainer(student, teacher, labels, options, objective).Fit(training);

        objective.Terms.Select(term => term.Name).Should().Equal("CE", "KD");
    }

    [Fact]
    public void Generalized_distillation()
    {
        WeightedObjective objective = GeneralizedDistillationObjective.Create(new GeneralizedDistillationObjectiveOptions
        {
            Lambda = 0.75,
            SoftTargets = new ImitationOptions { Temperature = 5 },
        });

        Fit(objective).Should().Equal("CE", "imitation");
    }

    [Fact]
    public void Structured_distillation()
    {
        var teacher = new FrozenTeacher(teacherNetwork);
        manual_seed(1);
        var holistic = new HolisticLoss(labels, student.Modalities, new HolisticOptions { LearningRate = 1e-4 });
        using WeightedObjective objective = StructuredDistillationObjective.Create(holistic);
        new DistillationTrainer(student, teacher, labels, options, objective).Fit(training);

        objective.Terms.Select(term => term.Name).Should().Equal("CE", "pixel-wise", "pair-wise", "holistic");
    }

    [Fact]
    public void Consistency()
    {
        WeightedObjective objective = ConsistencyObjective.Create(new ConsistencyObjectiveOptions
        {
            ZeroOrderWeight = 1,
            FirstOrderWeight = 0.1,
            FirstOrder = new FirstOrderConsistencyOptions { Neighborhood = Neighborhood.Faces },
        });

        Fit(objective).Should().Equal("CE", "zero-order", "first-order");
    }

    [Fact]
    public void Features_and_attention()
    {
        manual_seed(1);
        using var objective = new WeightedObjective(
            new LossTerm("reference", 1, new ReferenceLoss()),
            new LossTerm("hint", 0.1, new AdaptedFeatureMatchingLoss(studentWidth: 4, teacherWidth: 4)),
            new LossTerm("attention", 1, new AttentionTransferLoss(new AttentionTransferOptions { DeepestLevels = 2 })));

        Fit(objective).Should().Equal("reference", "hint", "attention");
    }

    [Fact]
    public void Several_teachers()
    {
        using UNet3D first = Toy.Teacher(seed: 2);
        using UNet3D second = Toy.Teacher(seed: 3);
        FrozenTeacher[] teachers = [new FrozenTeacher(first, "fold 1"), new FrozenTeacher(second, "fold 2")];
        var weights = new Dictionary<string, double> { ["fold 1"] = 2, ["fold 2"] = 1 };
        var objective = new WeightedObjective(
            new LossTerm("reference", 0.5, new ReferenceLoss()),
            new LossTerm("KD", 0.5, new TeacherMeanLoss(new HintonLoss(), weights)),
            new LossTerm("KL", 0.1, new TeacherMeanLoss(new BottleneckLoss())));
        TrainingResult result = new DistillationTrainer(student, teachers, labels, objective, options).Fit(training);

        result.History[0].Training.Terms.Should().HaveCount(3);
    }

    [Fact]
    public void An_ensemble()
    {
        UNet3D first = Toy.Teacher(seed: 2);
        UNet3D second = Toy.Teacher(seed: 3);
        using var ensemble = new EnsembleNetwork([first, second], labels);
        new DistillationTrainer(student, new FrozenTeacher(ensemble, "ensemble"), labels, options, HintonObjective.Create()).Fit(training);

        using Tensor classes = new SegmentationModel(ensemble, labels).Predict(spheres.Images);
        classes.shape.Should().Equal(4, 8, 8, 8);
    }

    private IEnumerable<string> Fit(WeightedObjective objective) =>
        new DistillationTrainer(student, new FrozenTeacher(teacherNetwork), labels, options, objective).Fit(training).History[0]
            .Training.Terms.Select(term => term.Name);
}
