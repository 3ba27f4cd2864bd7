using FluentAssertions;
using KnowledgeDistillation.Methods.PrivilegedKnowledge;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class PrivilegedKnowledgeTests
{
    [Fact]
    public void The_student_learns_only_where_the_teacher_is_right_and_knows_better()
    {
        using var scope = NewDisposeScope();
        // Four voxels of class 1: the teacher right and the student wrong; the teacher wrong; both right, the student surer;
        // the teacher right, the student less.
        Tensor student = tensor([2.0, 2, -9, 0, -2, -2, 9, 1]).reshape(1, 2, 4).requires_grad_(true);
        Tensor teacher = tensor([-3.0, 3, -1, -2, 3, -3, 1, 2]).reshape(1, 2, 4);
        Tensor target = stack([zeros([1, 4]), ones([1, 4])], 1);
        new PrivilegedTargetLoss().Compute(student, teacher, target, Toy.Labels).backward();
        Tensor gradient = student.grad!.abs().sum([0, 1]);
        gradient[1].item<double>().Should().Be(0);
        gradient[2].item<double>().Should().Be(0);
        gradient[0].item<double>().Should().BeGreaterThan(gradient[3].item<double>(), "there the teacher knows much better");
        gradient[3].item<double>().Should().BePositive();
    }

    [Fact]
    public void Pairs_of_one_sample_are_drawn_together_and_others_apart()
    {
        manual_seed(3);
        using var loss = new ContrastivePairLoss(2, 3, new() { Dimension = 4 });
        using var optimizer = optim.Adam(loss.Module.parameters(), lr: 0.05);
        double first = 0, last = 0;
        for (int step = 0; step < 100; step++)
        {
            using var scope = NewDisposeScope();
            manual_seed(4);
            Tensor student = randn(3, 2, 4), teacher = randn(3, 3, 4);
            Tensor value = loss.Compute(student, teacher);
            optimizer.zero_grad();
            value.backward();
            optimizer.step();
            (first, last) = (step == 0 ? value.item<float>() : first, value.item<float>());
        }

        last.Should().BeLessThan(0.02).And.BeLessThan(first / 4);
    }

    [Fact]
    public void Voxels_that_do_not_count_are_left_out_of_features_of_a_coarser_level()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var loss = new ContrastivePairLoss(2, 2);
        Tensor student = randn(2, 2, 2), teacher = randn(2, 2, 2), changed = student.clone();
        Tensor ignored = tensor([false, false, true, false, false, false, false, false], [2, 4]);
        changed[0, TensorIndex.Colon, 1] = 7;

        loss.Compute(changed, teacher, ignored).item<float>().Should().Be(loss.Compute(student, teacher, ignored).item<float>());
        loss.Invoking(it => it.Compute(student, teacher, zeros([2, 3], ScalarType.Bool))).Should().Throw<ArgumentException>()
            .WithMessage("The features, [2], do not fit*");
    }

    [Fact]
    public void Projectors_are_for_the_widths_of_the_networks()
    {
        using var scope = NewDisposeScope();
        using var loss = new ContrastivePairLoss(2, 3);
        loss.Invoking(it => it.Compute(zeros(1, 2, 4), zeros(1, 2, 4))).Should().Throw<ArgumentException>()
            .WithMessage("The teacher's features have 2 channels, but this loss was made for 3*");
        Func<object> make = () => new ContrastivePairLoss(0, 2, new() { Margin = 3, Dimension = 0 });
        make.Should().Throw<ArgumentException>().WithMessage("ContrastivePairLoss: studentWidth must be at least 1, but is 0. "
            + "options.Dimension must be at least 1, but is 0. options.Margin must be above 0 and at most 2, but is 3.");
    }

    [Fact]
    public void The_projectors_learn_in_a_fit_and_are_resumed_with_it()
    {
        using var folder = new TemporaryFolder();
        using Batch spheres = Toy.Spheres();
        byte[] Fit(string name, params int[] epochs)
        {
            byte[] bits = [];
            foreach (int until in epochs)
            {
                using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
                manual_seed(5);
                var pairs = new ContrastivePairLoss(2, 2);
                byte[] before = Toy.Bits(pairs.Module);
                using var objective = PrivilegedKnowledgeObjective.Create(pairs);
                var options = new TrainingOptions { Epochs = until, OutputFolder = folder[name], Resume = true, RestoreBestWeights = false };
                new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options, objective).Fit(Toy.Source(spheres));
                Toy.Bits(pairs.Module).Should().NotEqual(before);
                bits = [.. Toy.Bits(student), .. Toy.Bits(pairs.Module)];
            }

            return bits;
        }

        Fit("stopped", 2, 4).Should().Equal(Fit("whole", 4));
    }
}
