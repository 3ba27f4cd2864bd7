using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class NamedTeacherLossTests
{
    [Fact]
    public void Each_teacher_has_its_own_term()
    {
        using var scope = NewDisposeScope();
        manual_seed(14);
        Tensor student = randn([1, 4, 3]);
        (Tensor first, Tensor second) = (randn([1, 4, 3]), randn([1, 4, 3]));
        DistillationContext both = Contexts.Of(Contexts.BratsClasses, zeros([1, 3], ScalarType.Int64), student, ("first", first), ("second", second));
        var objective = new WeightedObjective(
            new LossTerm("KD first", 0.5, new NamedTeacherLoss("first", new SoftTargetLoss())),
            new LossTerm("KD second", 2, new NamedTeacherLoss("second", new SoftTargetLoss())));

        float[] alone = [.. new[] { first, second }.Select(teacher => new SoftTargetLoss().Compute(student, teacher, Contexts.BratsClasses).item<float>())];
        alone[0].Should().NotBe(alone[1]);
        ObjectiveValue value = objective.Evaluate(both);
        value.Terms.Select(term => term.Value.item<float>()).Should().Equal(alone);
        value.Total.item<float>().Should().BeApproximately((0.5f * alone[0]) + (2 * alone[1]), 1e-5f);
    }

    [Fact]
    public void A_loss_that_is_bound_to_no_teacher_refuses_two()
    {
        using var scope = NewDisposeScope();
        DistillationContext both =
            Contexts.Of(Contexts.BratsClasses, zeros([1, 3], ScalarType.Int64), randn([1, 4, 3]), ("first", randn([1, 4, 3])), ("second", randn([1, 4, 3])));
        foreach (IDistillationLoss loss in new IDistillationLoss[] { new SoftTargetLoss(), new BottleneckLoss(), KDNetObjective.Create() })
        {
            loss.Invoking(it => it.Compute(both)).Should().Throw<InvalidOperationException>()
                .WithMessage("*needs one teacher, but there are 2: first, second. Give each teacher its own term.");
        }

        Func<object> unknown = () => new NamedTeacherLoss("third", new SoftTargetLoss()).Compute(both);
        unknown.Should().Throw<ArgumentException>().WithMessage("There is no teacher 'third'; there are: first, second.*");
        new ReferenceLoss().Compute(both).item<float>().Should().BePositive("the reference needs no teacher");
    }

    [Fact]
    public void Its_part_is_the_loss_within()
    {
        var loss = new SoftTargetLoss();
        new NamedTeacherLoss("first", loss).Parts.Should().Equal(loss);
    }

    [Fact]
    public void Name_and_loss_are_needed_at_once()
    {
        Func<object> noName = () => new NamedTeacherLoss(" ", new SoftTargetLoss());
        noName.Should().Throw<ArgumentException>();
        Func<object> noLoss = () => new NamedTeacherLoss("first", null!);
        noLoss.Should().Throw<ArgumentNullException>();
    }
}
