using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Seams;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>A fit that kept one tensor per step would fill the memory in an hour.</summary>
public sealed class LiveTensorTests
{
    [Fact]
    public void The_number_of_live_tensors_does_not_grow_with_the_epochs()
    {
        using var folder = new TemporaryFolder();
        using Batch spheres = Toy.Spheres();
        using ModuleAdapter teacher = Toy.NetworkWithBuffers(seed: 2, dropout: 0.1, Toy.Modalities);
        using ModuleAdapter student = Toy.NetworkWithBuffers(seed: 1, dropout: 0.1, "faint");
        using var adapter = new AdapterLoss(4, 4);
        using var adversary = new AdversarialLoss(channels: 2);
        LossTerm[] wholeStudent =
        [
            new("KD", 1, new SoftTargetLoss()),
            new("GT", 1, new ReferenceLoss()),
            new("adversary", 0.1, adversary),
            new("unweighted", 0, new ReferenceLoss()),
        ];
        LossTerm[] bottleneckOnly = [new("KL", 1, new BottleneckLoss()), new("adapter", 0.1, adapter)];

        // For a parameter that a term does not reach torch gives a gradient that is no tensor; TorchSharp counts it for ever, though it holds no memory.
        // So the shares are measured of terms that reach all parameters.
        Measure(new WeightedObjective(wholeStudent), gradientSharesEvery: 1, output: null);
        Measure(new WeightedObjective([.. wholeStudent, .. bottleneckOnly]), gradientSharesEvery: 0, output: folder["run"]);

        void Measure(WeightedObjective objective, int gradientSharesEvery, string? output)
        {
            List<long> live = [];
            var options = new TrainingOptions
            {
                Epochs = 6,
                GradientSharesEvery = gradientSharesEvery,
                GradientClipNorm = 1,
                OutputFolder = output,
                Callbacks = [new ActionCallback(epoch: (_, _) => live.Add(LiveTensors.Held()))],
            };
            new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective, options)
                .Fit(Toy.Source(spheres, batchSize: 1), Toy.Source(spheres));
            live[5].Should().Be(live[1], "epochs 2 to 5 leave what epoch 1 left: {0}", string.Join(", ", live));
        }
    }

    [Fact]
    public void A_whole_fit_leaves_no_tensor_behind()
    {
        using var folder = new TemporaryFolder();
        using Batch spheres = Toy.Spheres();
        using UNet3D network = Toy.Student();
        void Fit(int epochs, bool resume) =>
            new SupervisedTrainer(network, Toy.Labels, new TrainingOptions { Epochs = epochs, OutputFolder = folder["run"], Resume = resume })
                .Fit(Toy.Source(spheres), Toy.Source(spheres));
        Fit(1, resume: false);
        Fit(2, resume: true);
        long before = LiveTensors.Held();
        for (int epochs = 3; epochs < 8; epochs++)
            Fit(epochs, resume: true);
        LiveTensors.Held().Should().Be(before);
    }

    [Fact]
    public void A_fit_that_fails_or_is_cancelled_leaves_no_tensor_behind()
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D network = Toy.Student();
        void Fail()
        {
            using var source = new CancellationTokenSource();
            var progress = new ListProgress(_ => source.Cancel());
            FluentActions.Invoking(
                () => new SupervisedTrainer(network, Toy.Labels).Fit(Toy.Source(spheres), progress: progress, cancellationToken: source.Token))
                .Should().Throw<OperationCanceledException>();
        }

        Fail();
        long before = LiveTensors.Held();
        for (int i = 0; i < 5; i++)
            Fail();
        LiveTensors.Held().Should().Be(before);
    }
}
