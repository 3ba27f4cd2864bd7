using System.Text.Json;
using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.PrivilegedKnowledge;
using KnowledgeDistillation.Methods.PrototypeDistillation;
using KnowledgeDistillation.Methods.SelfDistillation;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>The losses of ProtoKD, PMKL and PASSION against sums written out in Python, in tests/Fixtures/Golden/make_prototypes.py.</summary>
public class GoldenPrototypeTests
{
    private static readonly GoldenData Data = new("prototypes");

    private static readonly Lazy<Dictionary<string, JsonElement>> Scenes = new(() =>
        JsonDocument.Parse(File.ReadAllText(Data.PathOf($"{GoldenData.Own}/cases.json"))).RootElement.GetProperty("scenes").EnumerateArray()
            .ToDictionary(scene => scene.GetProperty("name").GetString()!));

    public static TheoryData<string> Names => ["one_sample", "batch_of_other_widths", "class_absent", "one_class_only", "ignored"];

    [Fact]
    public void All_scenes_run() => Scenes.Value.Keys.Should().BeEquivalentTo(Names.Select(row => row.Data));

    [Theory]
    [MemberData(nameof(Names))]
    public void Prototypes(string name)
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Context(name);
        new PrototypeLoss().Compute(context).item<double>().Should().BeApproximately(Expected(name, "prototypes"), 1e-12);
        new PrototypeLoss(new() { Reduction = BatchReduction.Sum }).Compute(context).item<double>()
            .Should().BeApproximately(Expected(name, "prototypes_sum"), 1e-12);
        new PrototypeLoss().Compute(
            context.Student.DecoderFeature("last"), context.Teacher.DecoderFeature("last"), context.Target, context.IgnoredVoxels).item<double>()
            .Should().BeApproximately(Expected(name, "prototypes"), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Privileged_targets(string name)
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Context(name);
        new PrivilegedTargetLoss().Compute(context).item<double>().Should().BeApproximately(Expected(name, "privileged_T10"), 1e-12);
        new PrivilegedTargetLoss(new() { Temperature = 2 }).Compute(context).item<double>().Should().BeApproximately(Expected(name, "privileged_T2"), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Contrastive_pairs(string name)
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Context(name);
        JsonElement scene = Scenes.Value[name];
        using var loss = new ContrastivePairLoss(
            (int)context.Student.DecoderFeature("last").shape[1],
            (int)context.Teacher.DecoderFeature("last").shape[1],
            new() { Dimension = 3, Margin = scene.GetProperty("margin").GetDouble() });
        loss.Module.to(ScalarType.Float64);
        Tensor[] parameters = [.. loss.Module.parameters()];
        JsonElement[] layers = [.. new[] { "student", "teacher" }.SelectMany(role => scene.GetProperty("layers").GetProperty(role).EnumerateArray())];
        parameters.Should().HaveCount(layers.Length);
        using (no_grad())
        {
            foreach ((Tensor parameter, JsonElement values) in parameters.Zip(layers))
                parameter.copy_(Numbers(values).reshape(parameter.shape));
        }

        loss.Compute(context).item<double>().Should().BeApproximately(Expected(name, "contrastive"), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Self_distillation_is_divergence_and_the_prototypes_of_modalities_that_lag(string name)
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Context(name);
        // The student alone lags behind: the other is as the network with all modalities.
        var single = new Dictionary<string, NetworkOutput> { ["t1ce"] = context.Student, ["flair"] = context.Teacher };
        using var loss = new SelfDistillationLoss(["t1", "t1ce", "flair"], new() { PredictionWeight = 0.5, PrototypeWeight = 3, Temperature = 4 });
        double divergence = new HintonLoss().Compute(context.Student.Logits, context.Teacher.Logits, context.Labels).item<double>();
        divergence.Should().BePositive();
        double expected = (0.5 * divergence / context.Labels.Channels) + (3 * Expected(name, "prototypes"));
        if (context.IgnoredVoxels is null)
            loss.Compute(single, context.Teacher, context.Target, context.Labels).item<double>().Should().BeApproximately(expected, 1e-12);

        // One step moves the weights: the distances are d and 0, d / mean − 1 is 1 and −1.
        loss.Module.train();
        loss.Compute(single, context.Teacher, context.Target, context.Labels);
        double[] moved = [1, 1.0001, 0.9999];
        double scale = Math.Sqrt(3 / moved.Sum(weight => weight * weight));
        Tensor weights = loss.Module.get_buffer("weights")!;
        weights.data<float>().ToArray().Zip(moved).Should().OnlyContain(pair => Math.Abs(pair.First - (pair.Second * scale)) < 1e-6);
    }

    private static double Expected(string scene, string loss) => Scenes.Value[scene].GetProperty("expected").GetProperty(loss).GetDouble();

    private static DistillationContext Context(string name)
    {
        JsonElement scene = Scenes.Value[name];
        int classes = scene.GetProperty("classes").GetInt32();
        Tensor labels = Numbers(scene.GetProperty("labels")).to(ScalarType.Byte);
        return Contexts.Of(
            new ExclusiveClasses([.. Enumerable.Range(0, classes).Select(number => $"class {number}")]),
            labels, Output("student"), ("teacher", Output("teacher")));

        NetworkOutput Output(string role) => Contexts.OutputOf(Numbers(scene.GetProperty($"{role}_logits")), ones([labels.shape[0], 1, 2])) with
        {
            DecoderFeatures = new Dictionary<string, Tensor> { ["last"] = Numbers(scene.GetProperty(role)) },
        };
    }

    // Nested lists of any depth, all of one length at each.
    private static Tensor Numbers(JsonElement list)
    {
        List<long> shape = [];
        for (JsonElement level = list; level.ValueKind == JsonValueKind.Array; level = level[0])
            shape.Add(level.GetArrayLength());
        return tensor([.. Flat(list)], shape.ToArray(), ScalarType.Float64);

        static IEnumerable<double> Flat(JsonElement element) =>
            element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().SelectMany(Flat) : [element.GetDouble()];
    }
}
