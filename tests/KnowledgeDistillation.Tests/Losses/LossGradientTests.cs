using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.Consistency;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.PrivilegedKnowledge;
using KnowledgeDistillation.Methods.PrototypeDistillation;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Methods.StyleMatching;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>Every loss' gradient against central differences in float64.</summary>
public class LossGradientTests
{
    private const double Step = 1e-5;

    private static readonly Dictionary<string, IDistillationLoss> OnLogits = new()
    {
        ["reference"] = new ReferenceLoss(),
        ["reference, squared, background"] = new ReferenceLoss(new() { Form = DiceForm.Squared, IncludeBackground = true }, BatchReduction.Sum),
        ["reference, absolute difference, whole batch"] = new ReferenceLoss(new() { Form = DiceForm.AbsoluteDifference, WholeBatch = true, Smooth = 1 }),
        ["soft targets"] = new SoftTargetLoss(),
        ["soft targets, squared"] = new SoftTargetLoss(new() { Dice = new() { Form = DiceForm.Squared }, Reduction = BatchReduction.Sum }),
        ["soft targets, absolute difference"] = new SoftTargetLoss(new() { Dice = new() { Form = DiceForm.AbsoluteDifference } }),
        ["soft targets, soft cross-entropy"] = new SoftTargetLoss(new() { SoftCrossEntropy = true }),
        ["soft targets, temperature on both sides, scaled"] = new SoftTargetLoss(
            new() { Temperature = 3, TemperatureOnStudent = true, ScaleBySquaredTemperature = true }),
        ["reference, cross-entropy"] = new ReferenceCrossEntropyLoss(),
        ["reference, balanced cross-entropy"] = new BalancedCrossEntropyLoss(),
        ["reference, Dice"] = new ReferenceDiceLoss(),
        ["Hinton"] = new HintonLoss(),
        ["Hinton, not scaled, sum"] = new HintonLoss(new() { Temperature = 2, ScaleBySquaredTemperature = false, Reduction = BatchReduction.Sum }),
        ["imitation"] = new ImitationLoss(),
        ["imitation, pixel-wise"] = new ImitationLoss(new() { Temperature = 1 }),
        ["zero-order consistency"] = new ZeroOrderConsistencyLoss(),
        ["first-order consistency"] = new FirstOrderConsistencyLoss(),
        ["first-order consistency, faces"] = new FirstOrderConsistencyLoss(new() { Neighborhood = Neighborhood.Faces }),
        ["consistency of both"] = new CoTrainingConsistencyLoss(),
        ["consistency of both, divergence"] = new CoTrainingConsistencyLoss(new() { Distance = ConsistencyDistance.KullbackLeibler }),
        ["mean over teachers"] = new TeacherMeanLoss(new HintonLoss()),
    };

    private static readonly Dictionary<string, IDistillationLoss> OnBottleneck = new()
    {
        ["softmax"] = new BottleneckLoss(),
        ["softmax, sum"] = new BottleneckLoss(new() { Reduction = BatchReduction.Sum }),
        ["absolute sum"] = new BottleneckLoss(new() { Normalization = BottleneckNormalization.AbsoluteSum }),
        ["channel softmax"] = new BottleneckLoss(new() { Normalization = BottleneckNormalization.ChannelSoftmax }),
        ["feature matching"] = new FeatureMatchingLoss(),
        ["adapted feature matching"] = AdaptedInFloat64(),
        ["attention transfer"] = new AttentionTransferLoss(),
        ["attention transfer, power 1"] = new AttentionTransferLoss(new() { Power = 1 }),
        ["pair-wise"] = new PairWiseLoss(),
        ["content"] = new ContentMatchingLoss(),
        ["style"] = new StyleMatchingLoss(),
        ["style, sum"] = new StyleMatchingLoss(new() { Reduction = BatchReduction.Sum }),
        ["mutual information"] = InFloat64(new ModalityMutualInformationLoss(3, 3, spatialDimensions: 2)),
        ["knowledge adversary"] = InFloat64(new KnowledgeAdversarialLoss(3, 2, new() { Width = 4 })),
        ["style adversary"] = InFloat64(new StyleAdversarialLoss(3, 2, new() { Width = 4, StridedConvolutions = 1 })),
    };

    public static TheoryData<string> LossesOfLogits => [.. OnLogits.Keys];

    public static TheoryData<string> LossesOfBottlenecks => [.. OnBottleneck.Keys];

    [Theory]
    [MemberData(nameof(LossesOfLogits))]
    public void The_gradient_of_the_logits_is_that_of_central_differences_with_softmax(string name) => CheckLogits(Contexts.BratsClasses, OnLogits[name]);

    [Theory]
    [MemberData(nameof(LossesOfLogits))]
    public void The_gradient_of_the_logits_is_that_of_central_differences_with_sigmoid(string name) => CheckLogits(Contexts.BratsRegions, OnLogits[name]);

    [Theory]
    [MemberData(nameof(LossesOfBottlenecks))]
    public void The_gradient_of_the_bottleneck_is_that_of_central_differences(string name)
    {
        manual_seed(9);
        using Tensor teacher = randn([2, 3, 2, 2], ScalarType.Float64);
        using Tensor student = randn([2, 3, 2, 2], ScalarType.Float64);
        using Tensor logits = zeros([2, 4, 2], ScalarType.Float64);
        Check(student, features => OnBottleneck[name].Compute(Contexts.Of(
            Contexts.BratsClasses,
            zeros([2, 2], ScalarType.Int64),
            Contexts.OutputOf(logits, features),
            ("teacher", Contexts.OutputOf(logits, teacher)))));
    }

    [Fact]
    public void The_gradient_through_patches_is_that_of_central_differences()
    {
        manual_seed(13);
        using Tensor teacher = randn([2, 3, 3, 4, 2], ScalarType.Float64);
        using Tensor student = randn([2, 2, 3, 4, 2], ScalarType.Float64);
        var loss = new PairWiseLoss(new() { PatchLength = 2 });
        Check(student, features => loss.Compute(features, teacher));
    }

    [Theory]
    [InlineData("prototypes")]
    [InlineData("pairs")]
    public void The_gradient_of_the_decoders_features_is_that_of_central_differences(string name)
    {
        manual_seed(14);
        using Tensor teacher = randn([2, 3, 5], ScalarType.Float64);
        using Tensor student = randn([2, 4, 5], ScalarType.Float64);
        using Tensor logits = zeros([2, 4, 5], ScalarType.Float64);
        using Tensor labels = tensor([0L, 1, 2, 1, 0, 3, 3, 0, 1, 3], [2, 5]);
        using var pairs = new ContrastivePairLoss(4, 3);
        pairs.Module.to(ScalarType.Float64);
        IDistillationLoss loss = name == "pairs" ? pairs : new PrototypeLoss();
        Check(student, features => loss.Compute(Contexts.Of(Contexts.BratsClasses, labels, Output(features), ("teacher", Output(teacher)))));

        NetworkOutput Output(Tensor features) =>
            Contexts.OutputOf(logits, logits) with { DecoderFeatures = new Dictionary<string, Tensor> { ["last"] = features } };
    }

    private static readonly Dictionary<string, IDistillationLoss> OfBoth = new()
    {
        ["consistency of both"] = new CoTrainingConsistencyLoss(),
        ["consistency of both, divergence"] = new CoTrainingConsistencyLoss(new() { Distance = ConsistencyDistance.KullbackLeibler }),
        ["content"] = new ContentMatchingLoss(),
        ["style"] = new StyleMatchingLoss(),
        ["teacher's reference"] = new TeacherAsStudentLoss(new ReferenceLoss()),
        ["teacher learns from the student"] = new TeacherAsStudentLoss(new HintonLoss()),
    };

    public static TheoryData<string> LossesOfBoth => [.. OfBoth.Keys];

    [Theory]
    [MemberData(nameof(LossesOfBoth))]
    public void The_teachers_gradient_is_that_of_central_differences(string name)
    {
        manual_seed(14);
        using Tensor values = randn([2, 2, 3 + 4, 2, 2], ScalarType.Float64);
        using Tensor labels = randint(0, 4, [2, 2, 2], ScalarType.Int64);
        using Tensor student = values.select(1, 0).clone();
        Check(values.select(1, 1), teacher => OfBoth[name].Compute(Contexts.Of(
            Contexts.BratsClasses,
            labels,
            Contexts.OutputOf(student.narrow(1, 3, 4), student.narrow(1, 0, 3)),
            ("teacher", Contexts.OutputOf(teacher.narrow(1, 3, 4), teacher.narrow(1, 0, 3))))));
    }

    private static T InFloat64<T>(T loss)
        where T : IDistillationLoss
    {
        nn.Module module = loss is ISelfTrainingLoss own ? own.Module : ((ILearnableLoss)loss).Module;
        module.to(ScalarType.Float64);
        return loss;
    }

    private static AdaptedFeatureMatchingLoss AdaptedInFloat64()
    {
        manual_seed(12);
        var loss = new AdaptedFeatureMatchingLoss(3, 3, spatialDimensions: 2);
        loss.Module.to(ScalarType.Float64);
        return loss;
    }

    private static void CheckLogits(LabelScheme scheme, IDistillationLoss loss)
    {
        manual_seed(10);
        using Tensor labels = randint(0, 4, [2, 3, 2], ScalarType.Int64);
        using Tensor teacher = 3 * randn([2, scheme.Channels, 3, 2], ScalarType.Float64);
        using Tensor student = 2 * randn([2, scheme.Channels, 3, 2], ScalarType.Float64);
        Check(student, logits => loss.Compute(Contexts.Of(scheme, labels, logits, ("teacher", teacher))));
    }

    private static void Check(Tensor start, Func<Tensor, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        Tensor input = start.detach().clone().requires_grad_(true);
        Tensor value = loss(input);
        value.dtype.Should().Be(ScalarType.Float64, "a double must not be narrowed on the way");
        double[] gradient = [.. autograd.grad([value], [input])[0]!.flatten().data<double>()];
        gradient.Should().Contain(element => Math.Abs(element) > 1e-4, "otherwise the comparison says nothing");

        double[] differences = [.. Enumerable.Range(0, gradient.Length).Select(i => (At(i, Step) - At(i, -Step)) / (2 * Step))];
        gradient.Zip(differences).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < 1e-7 * (1 + Math.Abs(pair.First)));

        double At(int element, double offset)
        {
            using var inner = NewDisposeScope();
            Tensor shifted = start.detach().clone();
            shifted.flatten()[element] += offset;
            return loss(shifted).item<double>();
        }
    }
}
