using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class KDNetObjectiveTests
{
    [Fact]
    public void The_default_is_equation_5_of_the_terms_computed_one_by_one()
    {
        using var scope = NewDisposeScope();
        manual_seed(12);
        Tensor logits = randn([2, 4, 3, 2], ScalarType.Float64);
        Tensor features = randn([2, 5, 2], ScalarType.Float64);
        Tensor teacherLogits = randn([2, 4, 3, 2], ScalarType.Float64);
        Tensor teacherFeatures = randn([2, 5, 2], ScalarType.Float64);
        Tensor labels = randint(0, 4, [2, 3, 2], ScalarType.Int64);
        DistillationContext context =
            Contexts.Of(Contexts.BratsClasses, labels, Contexts.OutputOf(logits, features), ("teacher", Contexts.OutputOf(teacherLogits, teacherFeatures)));

        Tensor y = one_hot(labels, 4);
        Tensor p = logits.softmax(1);
        Tensor s = (teacherLogits / 5).softmax(1);
        Tensor hard = one_hot(teacherLogits.argmax(1), 4);
        double kd = (OneMinusDice(p, s) + CrossEntropy(p, hard)).item<double>();
        double gt = (OneMinusDice(p, y) + CrossEntropy(p, y)).item<double>();
        Tensor q = teacherFeatures.flatten(1).softmax(1);
        double kl = (q * (q / features.flatten(1).softmax(1)).log()).sum(1).mean().item<double>();

        ObjectiveValue value = KDNetObjective.Create().Evaluate(context);
        value.Read().Select(term => (term.Name, term.Weight)).Should().Equal(("KD", 0.75), ("GT", 0.25), ("KL", 10.0));
        value.Read()[0].Value.Should().BeApproximately(kd, 1e-10);
        value.Read()[1].Value.Should().BeApproximately(gt, 1e-10);
        value.Read()[2].Value.Should().BeApproximately(kl, 1e-10);
        value.Total.item<double>().Should().BeApproximately((0.75 * kd) + (0.25 * gt) + (10 * kl), 1e-9);

        static Tensor one_hot(Tensor labels, int classes) => nn.functional.one_hot(labels, classes).movedim([-1], [1]).to(ScalarType.Float64);
        static Tensor OneMinusDice(Tensor p, Tensor t)
        {
            (Tensor a, Tensor b) = (p.narrow(1, 1, 3), t.narrow(1, 1, 3));
            return 1 - (((2 * (a * b).sum([2, 3])) + 1e-5) / (a.sum([2, 3]) + b.sum([2, 3]) + 1e-5)).mean();
        }
        static Tensor CrossEntropy(Tensor p, Tensor t) => -((t * p.log()) + ((1 - t) * (1 - p).log())).mean();
    }

    [Fact]
    public void The_options_reach_their_terms()
    {
        using var scope = NewDisposeScope();
        manual_seed(13);
        DistillationContext context = Contexts.Of(
            Contexts.BratsClasses,
            randint(0, 4, [2, 3], ScalarType.Int64),
            Contexts.OutputOf(randn([2, 4, 3]), randn([2, 5, 2])),
            ("teacher", Contexts.OutputOf(randn([2, 4, 3]), randn([2, 5, 2]))));
        var options = new KDNetObjectiveOptions
        {
            Lambda = 0.5,
            Alpha = 2,
            SoftTargets = new() { Temperature = 2 },
            Bottleneck = new() { Normalization = BottleneckNormalization.ChannelSoftmax },
            ReferenceDice = new() { Form = DiceForm.Squared },
            ReferenceReduction = BatchReduction.Sum,
        };
        ObjectiveValue value = KDNetObjective.Create(options).Evaluate(context);
        value.Read().Select(term => term.Weight).Should().Equal(0.5, 0.5, 2);
        value.Terms[0].Value.item<float>().Should().Be(new SoftTargetLoss(options.SoftTargets).Compute(context).item<float>());
        value.Terms[1].Value.item<float>().Should().Be(new ReferenceLoss(options.ReferenceDice, BatchReduction.Sum).Compute(context).item<float>());
        value.Terms[2].Value.item<float>().Should().Be(new BottleneckLoss(options.Bottleneck).Compute(context).item<float>());
    }

    [Fact]
    public void Faults_of_all_options_are_in_one_message()
    {
        Action create = () => KDNetObjective.Create(new()
        {
            Lambda = 1.5,
            Alpha = -1,
            SoftTargets = new() { Temperature = 0, Dice = new() { Smooth = 0 } },
            Bottleneck = new() { LevelsAboveBottleneck = -1 },
            ReferenceDice = new() { Form = (DiceForm)9 },
            ReferenceReduction = (BatchReduction)9,
        });
        create.Should().Throw<ArgumentException>().WithMessage(
            "KDNetObjectiveOptions: Lambda must be from 0 to 1, but is 1.5. Alpha must be at least 0, but is -1. ReferenceReduction has no value 9. "
            + "SoftTargets.Temperature must be above 0, but is 0. SoftTargets.Dice.Smooth must be above 0, but is 0. "
            + "Bottleneck.LevelsAboveBottleneck must be at least 0, but is -1. ReferenceDice.Form has no value 9.");
        Action withNull = () => KDNetObjective.Create(new() { SoftTargets = null!, Bottleneck = null!, ReferenceDice = null! });
        withNull.Should().Throw<ArgumentException>().WithMessage("*SoftTargets must be given. Bottleneck must be given. ReferenceDice must be given.");
    }

    [Theory]
    [InlineData(0, 0, "GT")]
    [InlineData(1, 0, "KD")]
    [InlineData(0, 10, "GT KL")]
    public void Terms_can_be_switched_off_and_are_still_reported(double lambda, double alpha, string weighted)
    {
        WeightedObjective objective = KDNetObjective.Create(new() { Lambda = lambda, Alpha = alpha });
        objective.Terms.Select(term => term.Name).Should().Equal("KD", "GT", "KL");
        string.Join(' ', objective.Terms.Where(term => term.Weight > 0).Select(term => term.Name)).Should().Be(weighted);
    }
}
