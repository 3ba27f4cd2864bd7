using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Tests.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class WeightedObjectiveTests
{
    [Fact]
    public void Terms_are_reported_by_name_unweighted_and_weighted()
    {
        using var scope = NewDisposeScope();
        var objective = new WeightedObjective(new LossTerm("a", 2, new Constant(3)), new LossTerm("b", 0.5, new Constant(4)));
        ObjectiveValue value = objective.Evaluate(Example());

        value.Total.item<float>().Should().Be(8);
        value.Read().Should().Equal(new TermValue("a", 2, 3), new TermValue("b", 0.5, 4));
        value.Read().Select(term => term.Weighted).Should().Equal(6, 2);
        objective.Compute(Example()).item<float>().Should().Be(8);
        objective.Parts.Should().Equal(objective.Terms.Select(term => term.Loss));
    }

    [Fact]
    public void One_loss_has_weight_one()
    {
        new WeightedObjective("GT", new Constant(3)).Terms.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Name = "GT", Weight = 1.0 });
    }

    [Fact]
    public void All_faults_are_in_one_message()
    {
        var loss = new Constant(1);
        Func<object> make = () => new WeightedObjective(
            new LossTerm("a", -1, loss), new LossTerm("a", 0, loss), new LossTerm(" ", 0, loss),
            new LossTerm("b", double.PositiveInfinity, loss), new LossTerm("c", double.NaN, null!));
        make.Should().Throw<ArgumentException>().WithMessage(
            "WeightedObjective: The weight of 'a' must be finite and at least 0, but is -1. The weight of 'b' must be finite and at least 0, but is Infinity. "
            + "The weight of 'c' must be finite and at least 0, but is NaN. The loss of 'c' must be given. Each term needs a name. "
            + "The name 'a' is used more than once.");
        Func<object> nothing = () => new WeightedObjective();
        nothing.Should().Throw<ArgumentException>().WithMessage("WeightedObjective: At least one term must have a weight above 0.");
        Func<object> allZero = () => new WeightedObjective(new LossTerm("a", 0, loss));
        allZero.Should().Throw<ArgumentException>().WithMessage("*above 0*");
    }

    [Fact]
    public void The_terms_cannot_be_changed_from_outside()
    {
        List<LossTerm> terms = [new("a", 1, new Constant(1))];
        var objective = new WeightedObjective(terms);
        terms.Clear();
        objective.Terms.Should().ContainSingle();
    }

    [Fact]
    public void A_term_of_weight_zero_is_reported_but_records_no_graph()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Example();
        ObjectiveValue value = new WeightedObjective(new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("KD", 0, new SoftTargetLoss())).Evaluate(context);

        value.Terms[1].Value.requires_grad.Should().BeFalse();
        value.Read()[1].Value.Should().BePositive();
        value.Read()[1].Weighted.Should().Be(0);
        value.Total.item<float>().Should().Be(value.Terms[0].Value.item<float>());
    }

    [Fact]
    public void A_first_term_of_weight_zero_does_not_rob_the_next_of_its_gradient()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Example();
        Tensor total = new WeightedObjective(new LossTerm("KD", 0, new SoftTargetLoss()), new LossTerm("GT", 1, new ReferenceLoss())).Evaluate(context).Total;
        Tensor gradient = autograd.grad([total], [context.Student.Logits])[0]!;

        DistillationContext alone = Example();
        Tensor expected = autograd.grad([new ReferenceLoss().Compute(alone)], [alone.Student.Logits])[0]!;
        gradient.equal(expected).all().item<bool>().Should().BeTrue("the Dice term must keep its part of the gradient");
    }

    [Fact]
    public void A_term_of_weight_zero_that_is_not_finite_spoils_nothing()
    {
        using var scope = NewDisposeScope();
        ObjectiveValue value = new WeightedObjective(new LossTerm("a", 1, new Constant(3)), new LossTerm("b", 0, new Constant(double.NaN))).Evaluate(Example());
        value.Total.item<float>().Should().Be(3);
        value.Read()[1].Weighted.Should().Be(0);
    }

    [Fact]
    public void A_loss_that_is_no_scalar_is_named()
    {
        using var scope = NewDisposeScope();
        Func<object> evaluate = () => new WeightedObjective("per voxel", new PerVoxel()).Evaluate(Example());
        evaluate.Should().Throw<InvalidOperationException>()
            .WithMessage("The loss 'per voxel' (PerVoxel) gave a tensor of the shape [2, 4, 3], but a scalar is needed: reduce it by sum or mean.");
    }

    [Fact]
    public void Gradient_shares_are_the_norms_computed_by_hand_and_add_up_to_one()
    {
        using var scope = NewDisposeScope();
        var network = new TensorNetwork(tensor([1f, 2, 3, 4]).reshape(1, 4, 1), tensor([1f, 1]).reshape(1, 1, 2));
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([1, 1], ScalarType.Int64), Contexts.OutputOf(network));
        // The gradient of Σx over four logits has norm 2, over two features norm √2.
        var objective = new WeightedObjective(
            new LossTerm("logits", 3, new SumOf(output => output.Logits)),
            new LossTerm("features", 5, new SumOf(output => output.Encoding.Bottleneck)),
            new LossTerm("both", 1, new SumOf(output => output.Logits, output => output.Encoding.Bottleneck)),
            new LossTerm("off", 0, new SumOf(output => output.Logits)),
            new LossTerm("constant", 1, new Constant(7)));
        double[] norms = [3 * 2, 5 * Math.Sqrt(2), Math.Sqrt(6), 0, 0];

        IReadOnlyDictionary<string, double> shares = objective.MeasureGradientShares(context);
        shares.Keys.Should().Equal("logits", "features", "both", "off", "constant");
        shares.Values.Zip(norms).Should().OnlyContain(pair => Math.Abs(pair.First - (pair.Second / norms.Sum())) < 1e-6);
        shares.Values.Sum().Should().BeApproximately(1, 1e-12);
        network.parameters().Should().OnlyContain(parameter => ReferenceEquals(parameter.grad, null), "looking leaves no gradient behind");
    }

    [Fact]
    public void Gradient_shares_without_any_gradient_are_zero()
    {
        using var scope = NewDisposeScope();
        new WeightedObjective("constant", new Constant(1)).MeasureGradientShares(Example()).Should().Equal(new Dictionary<string, double> { ["constant"] = 0 });
    }

    [Fact]
    public void The_context_can_be_used_after_the_gradient_shares_were_measured_and_nothing_is_left_over()
    {
        using var scope = NewDisposeScope();
        var student = new TensorNetwork(randn([2, 4, 3]), randn([2, 2, 2]));
        Tensor teacher = randn([2, 4, 3]);
        DistillationContext context = Contexts.Of(
            Contexts.BratsClasses,
            zeros([2, 3], ScalarType.Int64),
            Contexts.OutputOf(student),
            ("teacher", Contexts.OutputOf(teacher, randn([2, 2, 2]))));
        // One term that reaches all parameters: torch counts the handle of a gradient that is not there as a tensor.
        var objective = new WeightedObjective("eq. 5", KDNetObjective.Create());
        objective.MeasureGradientShares(context).Values.Should().Equal(1);
        LiveTensors.LeftBy(() => objective.MeasureGradientShares(context)).Should().Be(0);

        objective.Evaluate(context).Total.backward();
        student.Logits.grad!.abs().sum().item<float>().Should().BePositive();
    }

    [Fact]
    public void Disposing_frees_all_that_the_losses_own_however_deep_they_lie()
    {
        var holistic = new HolisticLoss(Toy.Labels, ["faint"], new HolisticOptions { Width = 2 });
        var hint = new AdaptedFeatureMatchingLoss(4, 4);
        Tensor[] critic = [.. holistic.Module.parameters()], adapter = [.. hint.Module.parameters()];
        var objective = new WeightedObjective(
            new LossTerm("holistic", 1, new NamedTeacherLoss("a", holistic)),
            new LossTerm("hint", 1, new TeacherMeanLoss(new WeightedObjective("inner", hint))),
            new LossTerm("plain", 1, new ReferenceLoss()));
        long left = LiveTensors.LeftBy(objective.Dispose);

        critic.Concat(adapter).Should().OnlyContain(parameter => parameter.IsInvalid);
        // The critic's optimizer keeps two moments of each parameter.
        left.Should().BeLessThanOrEqualTo(-((3 * critic.Length) + adapter.Length));
        LiveTensors.LeftBy(objective.Dispose).Should().Be(0);
    }

    [Fact]
    public void A_loss_in_several_places_is_disposed_once_and_a_disposed_objective_is_not_evaluated()
    {
        var loss = new Disposable();
        var inner = new WeightedObjective("inner", loss);
        var objective = new WeightedObjective(new LossTerm("a", 1, loss), new LossTerm("b", 1, inner), new LossTerm("c", 1, new TeacherMeanLoss(loss)));
        objective.Dispose();
        objective.Dispose();
        inner.Dispose();
        loss.Disposed.Should().Be(1);
        using var scope = NewDisposeScope();
        FluentActions.Invoking(() => objective.Evaluate(Example())).Should().Throw<ObjectDisposedException>();
        FluentActions.Invoking(() => inner.Evaluate(Example())).Should().Throw<ObjectDisposedException>();
    }

    private static DistillationContext Example()
    {
        manual_seed(11);
        return Contexts.Of(
            Contexts.BratsClasses, randint(0, 4, [2, 3], ScalarType.Int64), randn([2, 4, 3]).requires_grad_(true), ("teacher", randn([2, 4, 3])));
    }

    private sealed class Constant(double value) : IDistillationLoss
    {
        public Tensor Compute(DistillationContext context) => tensor((float)value);
    }

    private sealed class Disposable : IDistillationLoss, IDisposable
    {
        public int Disposed { get; private set; }

        public Tensor Compute(DistillationContext context) => tensor(1f);

        public void Dispose() => Disposed++;
    }

    private sealed class PerVoxel : IDistillationLoss
    {
        public Tensor Compute(DistillationContext context) => context.Student.Logits.square();
    }

    private sealed class SumOf(params Func<NetworkOutput, Tensor>[] parts) : IDistillationLoss
    {
        public Tensor Compute(DistillationContext context) => parts.Select(part => part(context.Student).sum()).Aggregate((sum, part) => sum + part);
    }
}
