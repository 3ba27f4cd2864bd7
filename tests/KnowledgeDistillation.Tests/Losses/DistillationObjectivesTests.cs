using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Consistency;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.PrivilegedKnowledge;
using KnowledgeDistillation.Methods.PrototypeDistillation;
using KnowledgeDistillation.Methods.StructuredDistillation;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>The objectives of the papers around KD-Net: which terms, which weights.</summary>
public class DistillationObjectivesTests
{
    [Fact]
    public void Hintons_objective()
    {
        TermsOf(HintonObjective.Create()).Should().Equal(("CE", 0.5, typeof(ReferenceCrossEntropyLoss)), ("KD", 0.5, typeof(HintonLoss)));
        TermsOf(HintonObjective.Create(new() { TeacherWeight = 0.9 })).Select(term => Math.Round(term.Weight, 12)).Should().Equal(0.1, 0.9);
        HintonObjective.Create(new() { SoftTargets = new() { Temperature = 7 } }).ToString().Should().Contain("\"Temperature\":7");
        Func<object> make = () =>
            HintonObjective.Create(new() { TeacherWeight = 2, ReferenceReduction = (BatchReduction)9, SoftTargets = new() { Temperature = 0 } });
        make.Should().Throw<ArgumentException>().WithMessage("HintonObjectiveOptions: TeacherWeight must be from 0 to 1, but is 2. "
            + "ReferenceReduction has no value 9. SoftTargets.Temperature must be above 0, but is 0.");
    }

    [Fact]
    public void Generalized_distillation()
    {
        TermsOf(GeneralizedDistillationObjective.Create())
            .Should().Equal(("CE", 0.25, typeof(ReferenceCrossEntropyLoss)), ("imitation", 0.75, typeof(ImitationLoss)));
        GeneralizedDistillationObjective.Create(new() { SoftTargets = new() { Temperature = 7 } }).ToString().Should().Contain("\"Temperature\":7");
        Func<object> make = () => GeneralizedDistillationObjective.Create(new() { Lambda = -1, SoftTargets = null! });
        make.Should().Throw<ArgumentException>()
            .WithMessage("GeneralizedDistillationObjectiveOptions: Lambda must be from 0 to 1, but is -1. SoftTargets must be given.");
    }

    [Fact]
    public void Structured_distillation()
    {
        using var holistic = new HolisticLoss(Contexts.BratsClasses, ["t1ce"]);
        WeightedObjective objective = StructuredDistillationObjective.Create(holistic);
        TermsOf(objective).Should().Equal(
            ("CE", 1.0, typeof(ReferenceCrossEntropyLoss)), ("pixel-wise", 10.0, typeof(ImitationLoss)),
            ("pair-wise", 0.5, typeof(PairWiseLoss)), ("holistic", 0.1, typeof(HolisticLoss)));
        objective.Terms[1].Loss.ToString().Should().Contain("\"Temperature\":1,");
        objective.Terms[3].Loss.Should().BeSameAs(holistic);
        Func<object> make = () => StructuredDistillationObjective.Create(
            holistic, new() { PixelWiseWeight = -1, PairWiseWeight = double.NaN, HolisticWeight = -2, PairWise = new() { PatchLength = 0 } });
        make.Should().Throw<ArgumentException>().WithMessage(
            "StructuredDistillationObjectiveOptions: PixelWiseWeight must be at least 0, but is -1. PairWiseWeight must be at least 0, but is NaN. "
                + "HolisticWeight must be at least 0, but is -2. PairWise.PatchLength must be at least 1, but is 0.");
    }

    [Fact]
    public void ProtoKD()
    {
        WeightedObjective objective = PrototypeDistillationObjective.Create(Contexts.BratsClasses);
        TermsOf(objective).Should().Equal(
            ("CE + Dice", 1.0, typeof(WeightedObjective)), ("KD", 2.5, typeof(HintonLoss)), ("prototypes", 0.1, typeof(PrototypeLoss)));
        objective.ToString().Should().Contain("\"Temperature\":10,\"ScaleBySquaredTemperature\":false").And.Contain("1 CE (").And.Contain("1 Dice (");
        TermsOf(PrototypeDistillationObjective.Create(Contexts.BratsRegions, reference: KDNetObjective.Reference()))[..1].Should()
            .Equal(("GT", 1.0, typeof(ReferenceLoss)));
        Func<object> make = () => PrototypeDistillationObjective.Create(
            Contexts.BratsClasses,
            new() { TeacherWeight = -1, PrototypeWeight = double.NaN, Prototypes = new() { TeacherFeatures = "" }, SoftTargets = null! });
        make.Should().Throw<ArgumentException>().WithMessage(
            "PrototypeDistillationObjectiveOptions: TeacherWeight must be finite and at least 0, but is -1. PrototypeWeight must be finite and at least 0, "
                + "but is NaN. SoftTargets must be given. Prototypes.TeacherFeatures must name features of the teacher's decoder.");
    }

    [Fact]
    public void Privileged_knowledge()
    {
        using var pairs = new ContrastivePairLoss(2, 2);
        TermsOf(PrivilegedKnowledgeObjective.Create(pairs)).Should().Equal(
            ("CE + Dice", 1.0, typeof(WeightedObjective)), ("KD", 0.5, typeof(PrivilegedTargetLoss)), ("pairs", 0.5, typeof(ContrastivePairLoss)));
        Func<object> make = () => PrivilegedKnowledgeObjective.Create(
            pairs, new() { TeacherWeight = -1, ContrastiveWeight = -2, Targets = new() { Temperature = 0 } });
        make.Should().Throw<ArgumentException>().WithMessage(
            "PrivilegedKnowledgeObjectiveOptions: TeacherWeight must be finite and at least 0, but is -1. ContrastiveWeight must be finite and at least 0, "
                + "but is -2. Targets.Temperature must be above 0, but is 0.");
    }

    [Fact]
    public void Consistency()
    {
        TermsOf(ConsistencyObjective.Create()).Should().Equal(
            ("CE", 1.0, typeof(ReferenceCrossEntropyLoss)),
            ("zero-order", 1.0, typeof(ZeroOrderConsistencyLoss)), ("first-order", 1.0, typeof(FirstOrderConsistencyLoss)));
        Func<object> make = () =>
            ConsistencyObjective.Create(new() { ZeroOrderWeight = -1, FirstOrderWeight = -1, FirstOrder = new() { Neighborhood = (Neighborhood)9 } });
        make.Should().Throw<ArgumentException>().WithMessage(
            "ConsistencyObjectiveOptions: ZeroOrderWeight must be at least 0, but is -1. FirstOrderWeight must be at least 0, but is -1. "
                + "FirstOrder.Neighborhood has no value 9.");
    }

    [Fact]
    public void Each_method_takes_another_term_of_the_reference_with_the_weight_of_its_own()
    {
        using var holistic = new HolisticLoss(Contexts.BratsClasses, ["t1ce"]);
        UnweightedTerm reference = KDNetObjective.Reference(new SoftDiceOptions { Smooth = 0.5 });
        WeightedObjective[] objectives =
        [
            HintonObjective.Create(new() { TeacherWeight = 0.75 }, reference),
            GeneralizedDistillationObjective.Create(new() { Lambda = 0.75 }, reference),
            StructuredDistillationObjective.Create(holistic, reference: reference),
            ConsistencyObjective.Create(reference: reference),
        ];
        objectives.Select(objective => objective.Terms[0]).Should().Equal(
            new LossTerm("GT", 0.25, reference.Loss), new LossTerm("GT", 0.25, reference.Loss),
            new LossTerm("GT", 1, reference.Loss), new LossTerm("GT", 1, reference.Loss));
        objectives[0].ToString().Should().StartWith("0.25 GT (ReferenceLoss Mean {\"Form\":0,\"Smooth\":0.5,").And.Contain(" + 0.75 KD (HintonLoss ");
        objectives.SelectMany(objective => objective.Terms).Select(term => term.Name).Should().NotContain("CE");
    }

    [Fact]
    public void The_whole_objective_is_the_weighted_sum_of_its_terms_by_hand()
    {
        using var scope = NewDisposeScope();
        // One voxel, reference tumor. Student (1/2, 1/2): CE = log 2. Teacher at T = 4: (1/4, 3/4), KL = ¼ log ½ + ¾ log 3/2, times 16.
        Tensor teacher = tensor([0.0, 4 * Math.Log(3)]).reshape(1, 2, 1);
        DistillationContext context = Contexts.Of(
            new ExclusiveClasses("background", "tumor"), ones([1, 1], ScalarType.Int64), zeros([1, 2, 1], ScalarType.Float64), ("teacher", teacher));
        double divergence = (0.25 * Math.Log(0.5)) + (0.75 * Math.Log(1.5));
        HintonObjective.Create().Compute(context).item<double>().Should().BeApproximately((0.5 * Math.Log(2)) + (0.5 * 16 * divergence), 1e-12);
    }

    private static (string Name, double Weight, Type Loss)[] TermsOf(WeightedObjective objective) =>
        [.. objective.Terms.Select(term => (term.Name, term.Weight, term.Loss.GetType()))];
}
