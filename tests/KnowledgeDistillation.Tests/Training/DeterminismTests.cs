using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Seams;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

public sealed class DeterminismTests : IDisposable
{
    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose() => _spheres.Dispose();

    [Fact]
    public void The_same_seed_gives_the_same_bits_whatever_random_numbers_were_drawn_before()
    {
        byte[] first = Train(new TrainingOptions { Epochs = 2, LearningRate = 1e-2, Seed = 5 });
        byte[] second = Train(new TrainingOptions { Epochs = 2, LearningRate = 1e-2, Seed = 5 }, drawnBefore: 1000);
        second.Should().Equal(first);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(-3)]
    [InlineData(long.MaxValue)]
    public void A_seed_leads_to_the_numbers_that_torch_draws_after_it(long seed)
    {
        float[] Drawn(Action<long> setSeed)
        {
            randn(3).Dispose();
            setSeed(seed);
            using Tensor drawn = cat([randn(5), rand(5)]);
            return [.. drawn.data<float>()];
        }

        Drawn(RandomNumbers.Seed).Should().Equal(Drawn(number => manual_seed(number)));
    }

    [Fact]
    public void Another_seed_gives_other_bits_where_the_network_draws_random_numbers()
    {
        byte[] first = Train(new TrainingOptions { Epochs = 2, LearningRate = 1e-2, Seed = 5 });
        Train(new TrainingOptions { Epochs = 2, LearningRate = 1e-2, Seed = 6 }).Should().NotEqual(first);
    }

    [Fact]
    public void Each_epoch_draws_random_numbers_of_its_own()
    {
        // With gradient descent of rate 0 only the dropout can change the training loss from one epoch to the next.
        using ModuleAdapter network = Toy.NetworkWithBuffers(1, 0.5, "faint");
        var options = new TrainingOptions { Epochs = 4, LearningRate = 1e-30 };
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres, batchSize: 4, shuffleSeed: null));
        result.History.Select(report => report.Training.Total).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Measuring_the_gradient_and_validating_and_writing_checkpoints_leave_no_trace_in_the_weights()
    {
        using var folder = new TemporaryFolder();
        var plain = new TrainingOptions { Epochs = 3, LearningRate = 1e-2, RestoreBestWeights = false };
        byte[] expected = Train(plain);
        Train(plain with { GradientSharesEvery = 1 }).Should().Equal(expected);
        Train(plain, validate: true).Should().Equal(expected);
        Train(plain with { OutputFolder = folder["run"] }).Should().Equal(expected);
    }

    [Fact]
    public void Gradient_shares_are_measured_every_so_many_epochs_and_add_up_to_one()
    {
        using UNet3D teacher = Toy.Teacher();
        using UNet3D student = Toy.Student();
        TrainingResult result =
            new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, new TrainingOptions { Epochs = 5, GradientSharesEvery = 2 })
                .Fit(Toy.Source(_spheres));
        result.History.Select(report => report.GradientShares is not null).Should().Equal(true, false, true, false, true);
        result.History[2].GradientShares!.Keys.Should().Equal("KD", "GT", "KL");
        result.History[2].GradientShares!.Values.Should().OnlyContain(share => share > 0);
        result.History[2].GradientShares!.Values.Sum().Should().BeApproximately(1, 1e-12);
    }

    [Fact]
    public void A_teacher_with_batch_norm_and_dropout_is_the_same_bit_by_bit_and_without_gradient_after_a_fit()
    {
        using ModuleAdapter teacher = Toy.NetworkWithBuffers(seed: 2, dropout: 0.5, Toy.Modalities);
        using ModuleAdapter student = Toy.NetworkWithBuffers(seed: 1, dropout: 0.5, "faint");
        byte[] before = Toy.Bits(teacher);
        teacher.Module.named_buffers().Should().NotBeEmpty();
        var frozen = new FrozenTeacher(teacher);
        // Someone turns it back to training mode.
        teacher.Module.train();
        new DistillationTrainer(student, frozen, Toy.Labels, new TrainingOptions { Epochs = 3, LearningRate = 1e-2, GradientSharesEvery = 1 })
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));

        Toy.Bits(teacher).Should().Equal(before);
        teacher.Module.parameters().Should().OnlyContain(parameter => !parameter.requires_grad);
        teacher.Module.parameters().Select(parameter => parameter.grad).Should().AllSatisfy(gradient => gradient.Should().BeNull());
        teacher.Module.training.Should().BeFalse();
    }

    [Fact]
    public void A_teacher_that_is_the_student_is_refused()
    {
        using UNet3D network = Toy.Network(1, Toy.Modalities);
        var teacher = new FrozenTeacher(network, "twin");
        FluentActions.Invoking(() => new DistillationTrainer(network, teacher, Toy.Labels)).Should().Throw<ArgumentException>()
            .WithMessage("*'twin' is the student itself*");

        // The same module in another wrapper.
        using var wrapped = new ModuleAdapter(network, Toy.Modalities, 2, bottleneck: "head");
        FluentActions.Invoking(() => new DistillationTrainer(wrapped, teacher, Toy.Labels)).Should().Throw<ArgumentException>()
            .WithMessage("*'twin' is the student itself*");
    }

    [Fact]
    public void A_network_of_which_nothing_can_learn_is_refused()
    {
        using UNet3D network = Toy.Student();
        _ = new FrozenTeacher(network);
        FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels).Fit(Toy.Source(_spheres))).Should().Throw<InvalidOperationException>()
            .WithMessage("*no parameter*");
    }

    private byte[] Train(TrainingOptions options, int drawnBefore = 0, bool validate = false)
    {
        using ModuleAdapter teacher = Toy.NetworkWithBuffers(seed: 2, dropout: 0.2, Toy.Modalities);
        using ModuleAdapter student = Toy.NetworkWithBuffers(seed: 1, dropout: 0.2, "faint");
        manual_seed(3);
        using var adapter = new AdapterLoss(4, 4);
        using var adversary = new AdversarialLoss(channels: 2, dropout: 0.2);
        randn(drawnBefore).Dispose();
        var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("adapter", 0.1, adapter), new LossTerm("adversary", 0.1, adversary));
        new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective, options)
            .Fit(Toy.Source(_spheres, batchSize: 1), validate ? Toy.Source(_spheres) : null);
        return [.. Toy.Bits(student), .. Toy.Bits(adapter.Module), .. Toy.Bits(adversary.Module)];
    }
}
