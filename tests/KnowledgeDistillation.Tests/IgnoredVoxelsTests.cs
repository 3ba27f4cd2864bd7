using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using KnowledgeDistillation.Methods.Consistency;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

/// <summary>Voxels whose label is <see cref="LabelScheme.Ignored"/> teach nothing.</summary>
public sealed class IgnoredVoxelsTests
{
    public static TheoryData<string> Schemes => ["classes", "regions"];

    [Theory]
    [MemberData(nameof(Schemes))]
    public void What_student_and_teacher_say_there_changes_no_loss_and_gets_no_gradient(string scheme)
    {
        using var scope = NewDisposeScope();
        (double first, Tensor gradient) = LossWith(scheme, student: 3, teacher: -2);
        (double second, _) = LossWith(scheme, student: -7, teacher: 11);

        second.Should().Be(first);
        gradient[0, .., 0].abs().sum().item<float>().Should().Be(0);
        gradient[0, .., 1].abs().sum().item<float>().Should().BePositive("the voxel beside it counts");
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("soft targets")]
    [InlineData("soft targets, hot student")]
    [InlineData("cross-entropy")]
    [InlineData("Dice with background")]
    [InlineData("hinton")]
    [InlineData("imitation")]
    [InlineData("zero order")]
    [InlineData("consistency of both")]
    [InlineData("divergence of both")]
    [InlineData("teacher as student")]
    public void A_batch_has_the_loss_of_its_other_voxels_alone(string name)
    {
        IDistillationLoss loss = name switch
        {
            "reference" => new ReferenceLoss(),
            "soft targets" => new SoftTargetLoss(),
            "soft targets, hot student" => new SoftTargetLoss(new() { TemperatureOnStudent = true }),
            "cross-entropy" => new ReferenceCrossEntropyLoss(),
            "Dice with background" => new ReferenceDiceLoss(new() { IncludeBackground = true }),
            "hinton" => new HintonLoss(),
            "imitation" => new ImitationLoss(),
            "consistency of both" => new CoTrainingConsistencyLoss(),
            "divergence of both" => new CoTrainingConsistencyLoss(new() { Distance = ConsistencyDistance.KullbackLeibler }),
            "teacher as student" => new TeacherAsStudentLoss(new ReferenceLoss()),
            _ => new ZeroOrderConsistencyLoss(),
        };
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor student = randn(2, 4, 6), teacher = randn(2, 4, 6), labels = tensor(new byte[] { 0, 1, 2, 3, 3, 0, 2, 2, 1, 0, 0, 3 }, [2, 6]);
        // The last voxels of both samples: no other voxel lies beyond them.
        labels[.., 3..] = tensor(LabelScheme.Ignored);
        DistillationContext whole = Contexts.Of(Contexts.BratsClasses, labels, student, ("teacher", teacher));
        DistillationContext part = Contexts.Of(
            Contexts.BratsClasses, labels[.., ..3].contiguous(), student[.., .., ..3].contiguous(), ("teacher", teacher[.., .., ..3].contiguous()));

        float expected = loss.Compute(part).item<float>();
        expected.Should().BePositive();
        loss.Compute(whole).item<float>().Should().BeApproximately(expected, 1e-6f);
    }

    [Fact]
    public void A_critic_of_entropy_sees_none_there_whatever_was_said()
    {
        using var scope = NewDisposeScope();
        foreach (LabelScheme labels in new LabelScheme[] { Contexts.BratsClasses, Contexts.BratsRegions })
        {
            DistillationContext context = Context(labels == Contexts.BratsClasses ? "classes" : "regions", student: 0.3f, teacher: -0.2f, out _);
            Tensor entropy = EntropyAdversarialLoss.Entropy(context.Student.Logits, labels);
            entropy[0, .., 0].abs().max().item<float>().Should().BeLessThan(1e-30f);
            entropy[0, .., 1].max().item<float>().Should().BePositive();
        }
    }

    [Fact]
    public void A_loss_that_compares_neighbors_is_averaged_over_the_other_voxels_too()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Context("classes", student: 3, teacher: -2, out _);
        var loss = new FirstOrderConsistencyLoss();

        float overAll = loss.Compute(context.StudentProbabilities, context.Labels.Probabilities(context.Teacher.Logits)).item<float>();

        loss.Compute(context).item<float>().Should().BeApproximately(overAll * 3 / 2, 1e-6f, "one of three voxels is ignored");
    }

    [Fact]
    public void It_is_as_if_all_had_named_background_there()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Context("classes", student: 3, teacher: -2, out _);
        context.Target[0, .., 0].data<float>().ToArray().Should().Equal(1, 0, 0, 0);
        context.StudentProbabilities[0, .., 0].data<float>().ToArray().Should().Equal(1, 0, 0, 0);
        context.Batch.Labels.max().item<byte>().Should().BeLessThan(4);
    }

    [Fact]
    public void A_label_that_is_neither_a_class_nor_ignored_is_still_refused()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Contexts.Of(
            Contexts.BratsClasses, tensor([254, 1, 2], [1, 3], ScalarType.Byte), randn(1, 4, 3), ("teacher", randn(1, 4, 3)));
        context.Invoking(it => it.Target).Should().Throw<ArgumentException>().WithMessage("*254*");
    }

    // To look them up on a GPU, the host would have to wait until it has finished all that is queued.
    [Theory]
    [InlineData(new byte[] { 1, 2, 0, LabelScheme.Ignored }, 2)]
    [InlineData(new byte[] { 1, 3, 2, LabelScheme.Ignored }, 3)]
    [InlineData(new byte[] { LabelScheme.Ignored, LabelScheme.Ignored, LabelScheme.Ignored, LabelScheme.Ignored }, 0)]
    public void With_background_in_their_place_the_range_of_the_labels_is_known_without_looking_again(byte[] values, long largest)
    {
        using var scope = NewDisposeScope();
        using var batch = new Batch(new ModalityImages([KeyValuePair.Create("t1", zeros(1, 1, 4))]), tensor(values).reshape(1, 4), ["case"]);
        Batch without = batch.To(CPU).WithBackground(batch.IgnoredVoxels(Contexts.BratsClasses)!);

        without.Labels.max().item<byte>().Should().Be((byte)largest);
        without.Labels.fill_(9);
        without.LabelRange.Should().Be((0, largest, largest));
    }

    [Fact]
    public void A_label_that_is_no_class_is_refused_beside_ignored_ones()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Contexts.Of(
            Contexts.BratsClasses, tensor(new byte[] { 9, LabelScheme.Ignored, 2 }, [1, 3]), randn(1, 4, 3), ("teacher", randn(1, 4, 3)));
        context.Invoking(it => it.Target).Should().Throw<ArgumentException>().WithMessage("*9*");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_dice_that_chooses_an_epoch_leaves_them_out(bool byRegions)
    {
        using var scope = NewDisposeScope();
        // Two voxels of the sphere that are found, and one that nobody knows, in which the network sees a sphere, too.
        using var batch = new Batch(
            new ModalityImages([KeyValuePair.Create("faint", zeros(1, 1, 4))]), tensor((byte[])[1, 1, 0, LabelScheme.Ignored]).reshape(1, 4), ["case"]);
        var dice = new ValidationDice(Toy.Labels, byRegions ? [new Region("sphere", 1)] : null);
        dice.Add(tensor((float[])[0, 0, 9, 0, 9, 9, 0, 9]).reshape(1, 2, 4), batch);
        dice.Mean.Should().Be(1);
    }

    private static (double Loss, Tensor Gradient) LossWith(string scheme, float student, float teacher)
    {
        DistillationContext context = Context(scheme, student, teacher, out Tensor logits);
        Tensor loss = new SoftTargetLoss().Compute(context) + new ReferenceLoss().Compute(context);
        loss.backward();
        return (loss.item<float>(), logits.grad!);
    }

    // Only the ignored voxel, the first, depends on the two numbers.
    private static DistillationContext Context(string scheme, float student, float teacher, out Tensor logits)
    {
        LabelScheme labels = scheme == "classes" ? Contexts.BratsClasses : Contexts.BratsRegions;
        Tensor values = arange(labels.Channels * 3, ScalarType.Float32).reshape(1, labels.Channels, 3).sin();
        logits = values.clone();
        logits[0, 1, 0] = student;
        logits.requires_grad = true;
        Tensor taught = values.cos();
        taught[0, 1, 0] = teacher;
        return Contexts.Of(labels, tensor(new byte[] { LabelScheme.Ignored, 3, 0 }, [1, 3]), logits, ("teacher", taught));
    }
}
