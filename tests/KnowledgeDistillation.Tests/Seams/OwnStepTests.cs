using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A way of training of a user's own, with all that the library's trainers do around a step.</summary>
public sealed class OwnStepTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_fit_by_an_own_step_resumes_bit_by_bit()
    {
        TrainingResult whole = Fit("whole", epochs: 4, new TwoPasses());
        Fit("run", epochs: 2, new TwoPasses());
        TrainingResult resumed = Fit("run", epochs: 4, new TwoPasses(), resume: true);

        resumed.History.Select(report => report.Training.Total).Should().Equal(whole.History.Select(report => report.Training.Total));
        resumed.History.Select(report => report.Validation!.Total).Should().Equal(whole.History.Select(report => report.Validation!.Total));
        foreach (string file in new[] { "best/weights.safetensors", "last/weights.safetensors", "last/optimizer.bin", "last/loss-0-adversary.safetensors" })
            Toy.Files(_folder["run"])[file].Should().Be(Toy.Files(_folder["whole"])[file], file);
        new TrainingRun(_folder["run"]).ReadHistory().Should().HaveCount(4);
    }

    [Fact]
    public void An_own_step_makes_a_difference_and_what_its_losses_train_takes_part()
    {
        byte[] once = Weights("once", step: null);
        byte[] twice = Weights("twice", new TwoPasses());
        twice.Should().NotEqual(once);

        byte[] Weights(string folder, ITrainingStep? step)
        {
            Fit(folder, epochs: 1, step);
            return
            [
                .. File.ReadAllBytes(_folder[$"{folder}/last/weights.safetensors"]),
                .. File.ReadAllBytes(_folder[$"{folder}/last/loss-0-adversary.safetensors"]),
            ];
        }
    }

    [Fact]
    public void The_standard_step_is_that_of_the_librarys_own_trainers()
    {
        using UNet3D one = Toy.Student(), other = Toy.Student(), teacher = Toy.Teacher();
        var options = new TrainingOptions { Epochs = 2 };
        new DistillationTrainer(one, new FrozenTeacher(teacher), Toy.Labels, options).Fit(Toy.Source(_spheres));
        new Trainer(other, [new FrozenTeacher(teacher)], Toy.Labels, KDNetObjective.Create(), options).Fit(Toy.Source(_spheres));
        Toy.Bits(other).Should().Equal(Toy.Bits(one));
    }

    [Fact]
    public void A_fit_does_not_go_on_by_another_step()
    {
        Fit("own", epochs: 1, new TwoPasses());
        FluentActions.Invoking(() => Fit("own", epochs: 2, step: null, resume: true)).Should().Throw<CheckpointException>()
            .WithMessage("*Step was KnowledgeDistillation.Tests.Seams.TwoPasses and is now not set*");
        Fit("standard", epochs: 1, step: null);
        FluentActions.Invoking(() => Fit("standard", epochs: 2, new TwoPasses(), resume: true)).Should().Throw<CheckpointException>()
            .WithMessage("*Step was not set and is now KnowledgeDistillation.Tests.Seams.TwoPasses*");
    }

    [Fact]
    public void The_teachers_run_once_in_a_step_however_often_it_asks()
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        var step = new ActionStep(step =>
        {
            step.Teachers.Should().BeSameAs(step.Teachers);
            step.Forward().Teacher.Should().BeSameAs(step.Teachers["teacher"]);
            step.Forward().Student.Logits.Should().NotBeSameAs(step.Forward().Student.Logits);
            return step.Evaluate(step.Forward());
        });
        new Trainer(student, [new FrozenTeacher(teacher)], Toy.Labels, KDNetObjective.Create(), new TrainingOptions { Epochs = 1 }, step)
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));
        step.Calls.Should().Equal(true, true, false, false);
    }

    private TrainingResult Fit(string folder, int epochs, ITrainingStep? step, bool resume = false)
    {
        // A resumed run begins with other random weights, so that whatever is not loaded shows.
        using ModuleAdapter student = Toy.NetworkWithBuffers(seed: resume ? 21 : 1, dropout: 0.2, "faint");
        using ModuleAdapter teacher = Toy.NetworkWithBuffers(seed: 2, dropout: 0, Toy.Modalities);
        using var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()),
            new LossTerm("KD", 0.5, new SoftTargetLoss()),
            new LossTerm("adversary", 0.1, new AdversarialLoss(channels: 2)));
        var options = new TrainingOptions { Epochs = epochs, LearningRate = 1e-2, OutputFolder = _folder[folder], Resume = resume };
        FrozenTeacher[] teachers = [new FrozenTeacher(teacher)];
        var trainer = new Trainer(student, teachers, Toy.Labels, objective, options, step);
        return trainer.Fit(Toy.Source(_spheres), Toy.Source(_spheres));
    }

    private sealed class ActionStep(Func<TrainingStep, ObjectiveValue> compute) : ITrainingStep
    {
        public List<bool> Calls { get; } = [];

        public ObjectiveValue Compute(TrainingStep step)
        {
            Calls.Add(step.IsTraining);
            return compute(step);
        }
    }
}
