using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.Consistency;
using KnowledgeDistillation.Methods.DisentangledFusion;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>What holds for every loss of the library. A new one must be added to the table: a test finds those that are missing.</summary>
public class AllLossesTests
{
    // Of each loss: whether it is 0 where student and teacher are the same, and by how much its value may change when the volume is doubled by repeating it.
    // Those whose windows reach over the border of the volume change a little, because a longer volume has less border.
    private static readonly Dictionary<string, (Func<IDistillationLoss> Make, bool ZeroAtEquality, double Tolerance)> Table = new()
    {
        [nameof(AdaptedFeatureMatchingLoss)] = (() => new AdaptedFeatureMatchingLoss(6, 6), false, 1e-5),
        [nameof(AppearanceDivergenceLoss)] = (() => new AppearanceDivergenceLoss(), false, 1e-5),
        [nameof(AttentionTransferLoss)] = (() => new AttentionTransferLoss(), true, 1e-5),
        [nameof(BottleneckLoss)] = (() => new BottleneckLoss(), true, 1e-5),
        [nameof(FeatureMatchingLoss)] = (() => new FeatureMatchingLoss(), true, 1e-5),
        [nameof(FirstOrderConsistencyLoss)] = (() => new FirstOrderConsistencyLoss(), true, 0.05),
        [nameof(HintonLoss)] = (() => new HintonLoss(), true, 1e-5),
        [nameof(HolisticLoss)] = (() => new HolisticLoss(Contexts.BratsClasses, ["t1ce"], new() { StridedConvolutions = 1 }), true, 0.05),
        [nameof(ImitationLoss)] = (() => new ImitationLoss(), false, 1e-5),
        [nameof(ModalitySubsetDivergenceLoss)] = (() => new ModalitySubsetDivergenceLoss(), false, 1e-5),
        [nameof(PairWiseLoss)] = (() => new PairWiseLoss(), true, 1e-5),
        [nameof(ReconstructionLoss)] = (() => new ReconstructionLoss(), false, 1e-5),
        [nameof(ReferenceCrossEntropyLoss)] = (() => new ReferenceCrossEntropyLoss(), false, 1e-5),
        [nameof(ReferenceDiceLoss)] = (() => new ReferenceDiceLoss(), false, 1e-5),
        [nameof(ReferenceLoss)] = (() => new ReferenceLoss(), false, 1e-5),
        [nameof(SoftTargetLoss)] = (() => new SoftTargetLoss(), false, 1e-5),
        [nameof(NamedTeacherLoss)] = (() => new NamedTeacherLoss("teacher", new ImitationLoss()), false, 1e-5),
        [nameof(TeacherMeanLoss)] = (() => new TeacherMeanLoss(new ZeroOrderConsistencyLoss()), true, 1e-5),
        [nameof(WeightedObjective)] = (() => KDNetObjective.Create(), false, 1e-5),
        [nameof(ZeroOrderConsistencyLoss)] = (() => new ZeroOrderConsistencyLoss(), true, 1e-5),
    };

    public static TheoryData<string> Names => [.. Table.Keys];

    [Fact]
    public void Every_loss_of_the_library_is_in_the_table() => typeof(IDistillationLoss).Assembly.GetTypes()
        .Where(type => type.IsClass && type.IsAssignableTo(typeof(IDistillationLoss)))
        .Select(type => type.Name)
        .Should().BeEquivalentTo(Table.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void It_does_not_grow_with_the_volume(string name)
    {
        using var scope = NewDisposeScope();
        IDistillationLoss loss = Make(name);
        // Long enough that a border is a small part; whatever grows with the volume grows by 100 %, whatever shrinks by 50 %.
        float value = loss.Compute(Example(name, volume: 8)).item<float>();
        float doubled = loss.Compute(Example(name, volume: 16)).item<float>();
        Math.Abs(value).Should().BeGreaterThan(1e-4f, "otherwise the comparison says nothing");
        doubled.Should().BeApproximately(value, (float)Table[name].Tolerance * Math.Abs(value));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_does_not_grow_with_the_batch(string name)
    {
        using var scope = NewDisposeScope();
        IDistillationLoss loss = Make(name);
        float value = loss.Compute(Example(name)).item<float>();
        loss.Compute(Example(name, batch: 2)).item<float>().Should().BeApproximately(value, 1e-5f * Math.Abs(value));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_gradient_flows_into_the_student_and_none_into_the_teacher(string name)
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Example(name);
        Tensor value = Make(name).Compute(context);
        value.shape.Should().BeEmpty("a loss is a scalar");
        value.backward();
        Leaves(context.Student).Should().Contain(leaf => !ReferenceEquals(leaf.grad, null) && leaf.grad!.abs().sum().item<float>() > 0);
        Leaves(context.Teacher).Should().OnlyContain(leaf => ReferenceEquals(leaf.grad, null) || leaf.grad!.abs().sum().item<float>() == 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_value_and_gradient_are_finite_for_logits_and_features_of_ten_thousand(string name)
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Example(name, scale: 1e4f);
        Tensor value = Make(name).Compute(context);
        value.isfinite().item<bool>().Should().BeTrue();
        value.backward();
        Leaves(context.Student).Should().OnlyContain(leaf => ReferenceEquals(leaf.grad, null) || leaf.grad!.isfinite().all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_zero_where_the_student_is_as_the_teacher_if_it_says_so(string name)
    {
        using var scope = NewDisposeScope();
        float value = Make(name).Compute(Example(name, sameTeacher: true)).item<float>();
        if (Table[name].ZeroAtEquality)
            value.Should().BeApproximately(0, 1e-6f);
        else
            value.Should().BeGreaterThan(1e-4f);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_names_itself_and_its_options(string name)
    {
        string text = Make(name).ToString()!;
        text.Should().NotContain("KnowledgeDistillation.", "the name of the type alone does not distinguish options");
        if (name != nameof(WeightedObjective))
            text.Should().StartWith(name == nameof(NamedTeacherLoss) ? "TeacherLoss" : name, "fits written under a former name are resumed");
        text.Should().Be(Make(name).ToString());
    }

    private static IDistillationLoss Make(string name)
    {
        manual_seed(80);
        return Table[name].Make();
    }

    private static Tensor[] Leaves(NetworkOutput output) => [output.Logits, .. output.Encoding.Levels, .. output.DecoderFeatures.Values];

    // Volumes of 4×3×2 voxels and features of two levels, repeated along the first axis and along the batch.
    private static DistillationContext Example(string loss, int volume = 1, int batch = 1, float scale = 2, bool sameTeacher = false)
    {
        manual_seed(81);
        NetworkOutput student = Output();
        NetworkOutput teacher = Output();
        Tensor labels = randint(0, 4, [2, 4, 3, 2], ScalarType.Int64).repeat(batch, volume, 1, 1);
        var images = new ModalityImages(("t1ce", Repeat(randn([2, 1, 4, 3, 2]))));
        var data = new Batch(images, labels, [.. Enumerable.Range(0, 2 * batch).Select(number => $"case {number}")]);
        (student, teacher) = (WithDecoderFeatures(student), WithDecoderFeatures(teacher));
        return new DistillationContext(
            data, Contexts.BratsClasses, student, new Dictionary<string, NetworkOutput> { ["teacher"] = sameTeacher ? student : teacher });

        NetworkOutput Output()
        {
            return new NetworkOutput(new EchoNetwork(), Encoding(Leaf(2, 3, 4, 3, 2), Leaf(2, 6, 2, 2, 2)), Leaf(2, 4, 4, 3, 2));
        }

        NetworkOutput WithDecoderFeatures(NetworkOutput output) =>
            output with { DecoderFeatures = new Dictionary<string, Tensor> { [DecoderFeatureNames.Last] = Leaf(2, 5, 4, 3, 2) } };

        Tensor Leaf(params long[] shape) => Repeat(scale * randn(shape)).requires_grad_(true);

        // The losses of variational networks look at distributions; here they are made of the levels.
        EncoderOutput Encoding(params Tensor[] levels)
        {
            static DiagonalGaussian Gaussian(Tensor features) => new(features, features.tanh());
            switch (loss)
            {
                case nameof(ModalitySubsetDivergenceLoss):
                    DiagonalGaussian[] one = [.. levels.Select(Gaussian)], other = [.. levels.Select(level => Gaussian(-2 * level))];
                    return new HvedEncoderOutput(
                        levels, one, ["t1ce"], new Dictionary<string, IReadOnlyList<DiagonalGaussian>> { ["t1ce"] = one, ["flair"] = other });
                case nameof(AppearanceDivergenceLoss):
                    Tensor appearance = levels[^1].flatten(2).mean([2]);
                    return new DisentangledEncoderOutput(
                        levels,
                        ["t1ce"],
                        new Dictionary<string, DiagonalGaussian> { ["t1ce"] = Gaussian(appearance) },
                        new Dictionary<string, Tensor> { ["t1ce"] = appearance });
                default:
                    return new EncoderOutput(levels);
            }
        }

        Tensor Repeat(Tensor tensor) => tensor.repeat(batch, 1, volume, 1, 1).contiguous();
    }
}
