using FluentAssertions;
using KnowledgeDistillation.Labels;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Labels;

/// <summary>What holds for both label schemes.</summary>
public class LabelSchemeTests
{
    public static TheoryData<string> Schemes => [nameof(ExclusiveClasses), nameof(OverlappingRegions)];

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Outside_of_a_dispose_scope_nothing_stays_but_the_results(string name)
    {
        LabelScheme scheme = Of(name);
        using Tensor labels = zeros([1, 2, 2, 2], ScalarType.Int64);
        using Tensor logits = randn([1, scheme.Channels, 2, 2, 2]);
        using Tensor target = scheme.Encode(labels);
        Dictionary<string, Func<Tensor[]>> operations = new()
        {
            ["Encode"] = () => [scheme.Encode(labels)],
            ["Probabilities"] = () => [scheme.Probabilities(logits), scheme.Probabilities(logits, temperature: 5)],
            ["LogProbabilities"] = () =>
            {
                (Tensor logProbability, Tensor logComplement) = scheme.LogProbabilities(logits);
                return [logProbability, logComplement];
            },
            ["CrossEntropy"] = () => [scheme.CrossEntropy(logits, target)],
            ["Binarize"] = () => [scheme.Binarize(logits)],
            ["Decode"] = () => [scheme.Decode(logits)],
        };
        foreach ((string operation, Func<Tensor[]> run) in operations)
        {
            LiveTensors.LeftBy(() =>
            {
                foreach (Tensor result in run())
                    result.Dispose();
            }).Should().Be(0, operation);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void A_label_that_is_no_class_is_refused_also_in_a_batch_that_was_moved(string name)
    {
        using var scope = NewDisposeScope();
        using var batch = new Batch(new ModalityImages(("t1ce", zeros([1, 1, 2, 2, 2]))), full([1, 2, 2, 2], 7L, ScalarType.Int64), ["case"]);
        using Batch moved = batch.To(CPU);
        NetworkOutput student = Contexts.OutputOf(randn([1, Of(name).Channels, 2, 2, 2]), ones(1, 1, 2));
        new DistillationContext(moved, Of(name), student).Invoking(context => context.Target).Should().Throw<ArgumentException>()
            .WithMessage("Labels run from 7 to 7*");
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Bytes_give_the_same_channels_as_int64_bit_by_bit(string name)
    {
        using var scope = NewDisposeScope();
        Tensor labels = randint(4, [2, 3, 4, 5], ScalarType.Int64), bytes = labels.to(ScalarType.Byte);
        Tensor expected = Of(name).Encode(labels), actual = Of(name).Encode(bytes);
        actual.dtype.Should().Be(ScalarType.Float32);
        actual.shape.Should().Equal(expected.shape);
        actual.bytes.ToArray().Should().Equal(expected.bytes.ToArray());

        using var batch = new Batch(new ModalityImages(("t1ce", zeros([2, 1, 3, 4, 5]))), bytes.alias(), ["one", "other"]);
        NetworkOutput student = Contexts.OutputOf(randn([2, Of(name).Channels, 3, 4, 5]), ones(1, 1, 2));
        new DistillationContext(batch, Of(name), student).Target.bytes.ToArray().Should().Equal(expected.bytes.ToArray());
        Of(name).Invoking(scheme => scheme.Encode(bytes + 1)).Should().Throw<ArgumentException>().WithMessage("Labels run from 1 to 4*");
    }

    [Fact]
    public void Bytes_are_labels_of_more_classes_than_a_byte_can_hold()
    {
        using var scope = NewDisposeScope();
        var classes = new ExclusiveClasses([.. Enumerable.Range(0, 300).Select(number => $"class {number}")]);
        Tensor labels = tensor([0L, 44L, 255L]).reshape(1, 3);
        classes.Encode(labels.to(ScalarType.Byte)).bytes.ToArray().Should().Equal(classes.Encode(labels).bytes.ToArray());
    }

    private static LabelScheme Of(string name) => name == nameof(ExclusiveClasses) ? Contexts.BratsClasses : Contexts.BratsRegions;
}
