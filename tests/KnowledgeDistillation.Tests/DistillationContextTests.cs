using FluentAssertions;
using KnowledgeDistillation.Methods.KDNet;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

public class DistillationContextTests
{
    [Fact]
    public void Target_and_probabilities_are_computed_once()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Example("a", "b");
        context.Target.Should().BeSameAs(context.Target);
        context.StudentProbabilities.Should().BeSameAs(context.StudentProbabilities);

        DistillationContext narrowed = Example("a", "b");
        Tensor seenByOne = narrowed.WithOnlyTeacher("a").StudentProbabilities;
        narrowed.WithOnlyTeacher("b").StudentProbabilities.Should().BeSameAs(seenByOne, "the teachers' losses share what does not depend on the teacher");
        narrowed.StudentProbabilities.Should().BeSameAs(seenByOne);
        narrowed.WithOnlyTeacher("b").Target.Should().BeSameAs(narrowed.Target);
    }

    [Fact]
    public void A_loss_with_a_dispose_scope_of_its_own_does_not_take_target_and_probabilities_away_from_the_next()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Example("teacher");
        using (NewDisposeScope())
            new ReferenceLoss().Compute(context);

        context.Target.IsInvalid.Should().BeFalse();
        context.StudentProbabilities.IsInvalid.Should().BeFalse();
        new ReferenceLoss().Compute(context).item<float>().Should().BePositive();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Target_and_probabilities_go_with_the_scope_of_the_logits(bool lossHasItsOwnScope)
    {
        using var network = new TensorNetwork(ones([1, 4, 2]), ones([1, 1, 2]));
        LiveTensors.LeftBy(() =>
        {
            using var scope = NewDisposeScope();
            DistillationContext context = Contexts.Of(
                Contexts.BratsClasses,
                zeros([1, 2], ScalarType.Int64),
                new NetworkOutput(network, new EncoderOutput(ones([1, 1, 2])), randn([1, 4, 2])));
            using (lossHasItsOwnScope ? NewDisposeScope() : null)
                new ReferenceLoss().Compute(context);
        }).Should().Be(0);
    }

    [Fact]
    public void Probabilities_keep_their_gradient_when_asked_for_under_no_grad_first()
    {
        using var scope = NewDisposeScope();
        Tensor logits = randn([1, 4, 2, 2, 2]).requires_grad_(true);
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([1, 2, 2, 2], ScalarType.Int64), logits);
        using (no_grad())
            context.StudentProbabilities.requires_grad.Should().BeTrue();
        is_grad_enabled().Should().BeTrue("the gradient mode is restored");

        DistillationContext frozen = Contexts.Of(Contexts.BratsClasses, zeros([1, 2, 2, 2], ScalarType.Int64), logits.detach());
        frozen.StudentProbabilities.requires_grad.Should().BeFalse();
    }

    [Fact]
    public void A_detached_student_has_the_same_values_and_no_gradient()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Example("teacher");
        DistillationContext detached = context.Detach();

        detached.Student.Logits.requires_grad.Should().BeFalse();
        detached.Student.Encoding.Bottleneck.requires_grad.Should().BeFalse();
        detached.StudentProbabilities.requires_grad.Should().BeFalse();
        detached.Student.Logits.equal(context.Student.Logits).all().item<bool>().Should().BeTrue();
        detached.Target.Should().BeSameAs(context.Target);
        detached.Teacher.Should().BeSameAs(context.Teacher);
    }

    [Fact]
    public void The_only_teacher_is_found_and_none_or_two_are_an_error()
    {
        using var scope = NewDisposeScope();
        Example("teacher").Teacher.Should().NotBeNull();
        Example().Invoking(context => context.Teacher).Should().Throw<InvalidOperationException>().WithMessage("*needs a teacher*DistillationTrainer*");
        Example("a", "b").Invoking(context => context.Teacher).Should().Throw<InvalidOperationException>().WithMessage("*one teacher, but there are 2: a, b*");
        DistillationContext two = Example("a", "b");
        two.WithOnlyTeacher("b").Teacher.Should().BeSameAs(two.Teachers["b"]);
        two.Invoking(context => context.WithOnlyTeacher("c")).Should().Throw<ArgumentException>().WithMessage("There is no teacher 'c'; there are: a, b.*");
    }

    [Fact]
    public void A_student_with_other_channels_than_the_label_scheme_is_refused()
    {
        using var scope = NewDisposeScope();
        Action twoChannels = () => Contexts.Of(Contexts.BratsClasses, zeros([1, 2, 2, 2], ScalarType.Int64), randn([1, 2, 2, 2, 2]));
        twoChannels.Should().Throw<ArgumentException>()
            .WithMessage("The student gives 2 output channels, but the label scheme has 4: background, necrosis, edema, enhancing.");
    }

    private static DistillationContext Example(params string[] teachers) => Contexts.Of(
        Contexts.BratsClasses,
        zeros([1, 2, 2, 2], ScalarType.Int64),
        randn([1, 4, 2, 2, 2]).requires_grad_(true),
        [.. teachers.Select(name => (name, randn([1, 4, 2, 2, 2])))]);
}
