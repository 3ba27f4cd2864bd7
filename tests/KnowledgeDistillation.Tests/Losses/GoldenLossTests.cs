using FluentAssertions;
using FluentAssertions.Execution;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>Equations 1 to 5 against an independent reference computation: values, gradients, soft targets and binary predictions.</summary>
public class GoldenLossTests
{
    private static readonly string[] OfLogits = ["defaults", "T1", "dice_squared", "dice_absolute_difference"];
    private static readonly string[] OfBottlenecks = ["defaults", "norm_absolute_sum", "norm_channel_softmax"];
    private static readonly string[] OfBoth = [.. OfLogits.Union(OfBottlenecks)];
    private static readonly string[] Offered =
    [
        .. OfBoth, "T20", "student_T", "student_T_scaled", "scaled", "soft_cross_entropy", "dice_eps_1", "dice_with_background", "dice_whole_batch", "sum",
        "reference_only", "teacher_only", "other_weights", "much_at_once",
    ];

    private static readonly string[] Everywhere = ["T5", "T1", "T5_clamped", "T5_l1abs", "T5_minshift"];
    private static readonly string[] Regions =
        [.. Everywhere, "T2", "T5_batchmean", "T5_dicesq", "T5_dicejoint", "T5_studentT5", "T5_eps1", "T5_gtonly", "T5_kdonly"];
    private static readonly string[] Classes = [.. Regions, "T5_nobg", "T5_threshold", "T1_threshold"];

    // Written out, so that a case that vanishes from the data is noticed.
    public static TheoryData<string> Cases =>
    [
        .. GoldenLossCase.Data.Rows(
            [
                .. Of("classes", Offered),
                .. Of("regions", Offered),
                .. Of("slices", [.. OfBoth, "sum"]),
                .. Of("class_absent", OfLogits),
                .. Of("nothing_there", OfLogits),
                .. Of("nothing_there_regions", OfLogits),
                .. Of("huge_logits", OfLogits),
                .. Of("huge_logits_regions", OfLogits),
                .. Of("zero_bottleneck", OfBottlenecks),
                .. Of("zero_bottlenecks", OfBottlenecks),
                .. Of("far_bottlenecks", OfBottlenecks),
                .. Of("equal_networks", OfBoth),
                .. Of("one_voxel", OfBoth),
            ],
            [
                .. Of("softmax_base_b1", Classes),
                .. Of("softmax_base_b2", Classes),
                .. Of("softmax_empty_class_ref", Everywhere),
                .. Of("softmax_zero_bottleneck_student", Everywhere),
                .. Of("softmax_huge_logits_wrong", Everywhere),
                .. Of("sigmoid_base_b2", Regions),
                .. Of("sigmoid_empty_class_ref", Everywhere),
            ]),
    ];

    public static TheoryData<string> Sources => [.. GoldenLossCase.Data.Sources];

    [Theory]
    [MemberData(nameof(Sources))]
    public void All_cases_are_known_and_all_but_21_of_the_collection_run(string source)
    {
        bool Wanted(string name) => name.StartsWith(source + "/", StringComparison.Ordinal);
        GoldenLossCase[] cases = [.. GoldenLossCase.All.Where(golden => Wanted(golden.Name))];

        cases.Select(golden => golden.Name).Should().BeEquivalentTo(Cases.Select(row => row.Data).Where(Wanted));
        var skipped = cases.Where(golden => golden.NotOffered is not null).CountBy(golden => golden.NotOffered!.Split(':')[0]).ToDictionary();
        skipped.Should().BeEquivalentTo(source == GoldenData.Own
            ? []
            : new Dictionary<string, int> { ["bce clamped"] = 7, ["norm minshift"] = 7, ["binarize threshold"] = 4, ["dice_joint"] = 3 });
        cases.Should().HaveCount(source == GoldenData.Own ? 86 : 65);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_those_of_the_reference(string name)
    {
        GoldenLossCase golden = GoldenLossCase.All.Single(golden => golden.Name == name);
        Assert.SkipWhen(golden.NotOffered is not null, $"Not offered: {golden.NotOffered}.");
        using var failures = new AssertionScope(name);
        using var scope = NewDisposeScope();

        Compare(golden, ScalarType.Float32);
        Compare(golden, ScalarType.Float64);
    }

    private static void Compare(GoldenLossCase golden, ScalarType type)
    {
        bool wide = type == ScalarType.Float64;
        Tensor logits = golden.Input("student_logits").to(type).requires_grad_(true);
        Tensor bottleneck = golden.Input("student_bottleneck").to(type).requires_grad_(true);
        Tensor teacherLogits = golden.Input("teacher_logits").to(type);
        Tensor disk = golden.Input("labels_brats").to(ScalarType.Int64);
        DistillationContext context = Contexts.Of(
            golden.Labels,
            disk.masked_fill(disk.eq(4), 3),
            Contexts.OutputOf(logits, bottleneck),
            ("teacher", Contexts.OutputOf(teacherLogits, golden.Input("teacher_bottleneck").to(type))));

        Distance(context.Target, golden.Input("target")).Should().Be(0, "the reference is encoded in the same channels");
        Tensor softTargets = golden.Output("soft_targets");
        Distance(golden.Labels.Probabilities(teacherLogits, golden.Temperature), softTargets)
            .Should().BeLessThan(wide && softTargets.dtype == ScalarType.Float64 ? 1e-11 : 3e-7);
        Distance(golden.Labels.Binarize(teacherLogits), golden.Output("teacher_binary")).Should().Be(0, "s* is that of the reference computation");

        KDNetObjectiveOptions options = golden.Options;
        ObjectiveValue objective = KDNetObjective.Create(options).Evaluate(context);
        objective.Read().Select(term => term.Name).Should().Equal("KD", "GT", "KL");
        (string Name, Tensor Value)[] losses =
        [
            ("kd", new SoftTargetLoss(options.SoftTargets).Compute(context)),
            ("gt", new ReferenceLoss(options.ReferenceDice, options.ReferenceReduction).Compute(context)),
            ("kl", new BottleneckLoss(options.Bottleneck).Compute(context)),
            ("total", objective.Total),
        ];
        foreach ((string loss, Tensor value) in losses)
        {
            double expected = golden.Expected(loss);
            value.dtype.Should().Be(type);
            Number(value).Should().BeApproximately(expected, wide ? 1e-12 * Math.Max(1, expected) : golden.ToleranceOfLoss(loss), $"this is {loss} in {type}");
        }

        foreach ((TermValue term, (string loss, Tensor value)) in objective.Read().Zip(losses))
            term.Value.Should().Be(Number(value), $"the objective reports {loss} as the loss alone computes it");

        CompareGradient("grad_kd", losses[0].Value, logits);
        CompareGradient("grad_gt", losses[1].Value, logits);
        CompareGradient("grad_kl", losses[2].Value, bottleneck);
        CompareGradient("grad_total", losses[3].Value, logits);
        CompareGradient("grad_total_bottleneck", losses[3].Value, bottleneck);

        void CompareGradient(string output, Tensor loss, Tensor input)
        {
            if (golden.IsUnreliable(output) && !wide)
                return;
            Tensor? found = autograd.grad([loss], [input], retain_graph: true, allow_unused: true)[0];
            Tensor gradient = found is null || found.IsInvalid ? zeros_like(input) : found;
            Tensor expected = golden.Output(output);
            // Expected gradients are stored in float32 or with twelve digits. Where they are truly 0, as between equal networks, rounding may leave a trace.
            double stored = Math.Max(1e-15, (expected.dtype == ScalarType.Float64 ? 1e-11 : 1.2e-7) * Number(expected.abs().max()));
            Distance(gradient, expected).Should().BeLessThanOrEqualTo(wide ? stored : golden.ToleranceOfGradient(output), $"this is {output} in {type}");
        }
    }

    private static IEnumerable<string> Of(string scene, string[] options) => options.Select(option => $"{scene}/{option}");

    private static double Distance(Tensor actual, Tensor expected)
    {
        actual.shape.Should().Equal(expected.shape);
        return Number((actual.to(ScalarType.Float64) - expected.to(ScalarType.Float64)).abs().max());
    }

    private static double Number(Tensor scalar) => scalar.to(ScalarType.Float64).item<double>();
}
