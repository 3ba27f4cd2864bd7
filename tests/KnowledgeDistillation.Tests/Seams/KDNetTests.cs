using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A user who wants the paper's method, and two who vary it.</summary>
public sealed class KDNetTests
{
    [Fact]
    public void Plain_KDNet_takes_twenty_lines()
    {
        using Batch spheres = Toy.Spheres();
        var training = new InMemoryBatchSource(spheres.Images, spheres.Labels, batchSize: 2, shuffleSeed: 1);
        var validation = new InMemoryBatchSource(spheres.Images, spheres.Labels, batchSize: 2);

        manual_seed(1);
        var labels = new ExclusiveClasses("background", "sphere");
        var options = new TrainingOptions { Epochs = 10, LearningRate = 1e-2 };
        using var teacher = new UNet3D(new UNet3DOptions { Modalities = ["bright", "faint"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 2 });
        using var student = new UNet3D(new UNet3DOptions { Modalities = ["faint"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 2 });

        TrainingResult taught = new SupervisedTrainer(teacher, labels, options).Fit(training, validation);
        TrainingResult distilled = new DistillationTrainer(student, new FrozenTeacher(teacher), labels, options).Fit(training, validation);

        // The student needs its one modality only.
        using Tensor segmented = new SegmentationModel(student, labels).Predict(spheres.Images.Only("faint"));

        taught.Best.WatchedLoss.Should().BeLessThan(0.8 * taught.History[0].WatchedLoss);
        distilled.Best.WatchedLoss.Should().BeLessThan(0.8 * distilled.History[0].WatchedLoss);
        using Tensor right = segmented.eq(spheres.Labels).to(ScalarType.Float32).mean();
        right.item<float>().Should().BeGreaterThan(0.85f);
    }

    [Fact]
    public void Two_teachers_each_teach_by_a_term_of_their_own()
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D bright = Toy.Network(seed: 2, "bright");
        using UNet3D both = Toy.Network(seed: 3, Toy.Modalities);
        using UNet3D student = Toy.Student();
        (byte[] brightBefore, byte[] bothBefore) = (Toy.Bits(bright), Toy.Bits(both));

        var objective = new WeightedObjective(
            new LossTerm("reference", 0.5, new ReferenceLoss()),
            new LossTerm("imitate bright", 0.25, new NamedTeacherLoss("bright", new SoftTargetLoss())),
            new LossTerm("imitate both", 0.25, new NamedTeacherLoss("both", new SoftTargetLoss())),
            new LossTerm("bottleneck of both", 1, new NamedTeacherLoss("both", new BottleneckLoss())));
        TrainingResult result = new DistillationTrainer(
            student, [new FrozenTeacher(bright, "bright"), new FrozenTeacher(both, "both")], Toy.Labels,
            objective, new TrainingOptions { Epochs = 5, LearningRate = 1e-2 })
            .Fit(Toy.Source(spheres));

        IReadOnlyList<TermValue> terms = result.History[0].Training.Terms;
        terms.Select(term => term.Value).Should().OnlyHaveUniqueItems("the two teachers differ");
        result.History[^1].Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        Toy.Bits(bright).Should().Equal(brightBefore);
        Toy.Bits(both).Should().Equal(bothBefore);
    }

    [Fact]
    public void A_loss_for_one_teacher_asks_for_a_name_where_there_are_two()
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D first = Toy.Teacher();
        using UNet3D second = Toy.Teacher();
        using UNet3D student = Toy.Student();
        FrozenTeacher[] teachers = [new(first, "first"), new(second, "second")];
        FluentActions.Invoking(() => new DistillationTrainer(student, teachers, Toy.Labels, KDNetObjective.Create()).Fit(Toy.Source(spheres)))
            .Should().Throw<InvalidOperationException>().WithMessage("*first, second*");
        FluentActions.Invoking(
            () => new DistillationTrainer(student, teachers, Toy.Labels, new WeightedObjective("KD", new NamedTeacherLoss("third", new SoftTargetLoss())))
                .Fit(Toy.Source(spheres)))
            .Should().Throw<ArgumentException>().WithMessage("*'third'*first, second*");
        FluentActions.Invoking(
            () => new DistillationTrainer(student, [new FrozenTeacher(first), new FrozenTeacher(second)], Toy.Labels, KDNetObjective.Create()))
            .Should().Throw<ArgumentException>().WithMessage("*names*teacher, teacher*");
    }
}
