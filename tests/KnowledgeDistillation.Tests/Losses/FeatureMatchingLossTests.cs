using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.StructuredDistillation;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class FeatureMatchingLossTests
{
    [Fact]
    public void By_hand()
    {
        using var scope = NewDisposeScope();
        // Differences 1, −2, 0, 3: (1 + 4 + 0 + 9)/4.
        Tensor student = tensor([1.0, 2, 3, 4]).reshape(1, 2, 2);
        Tensor teacher = tensor([0.0, 4, 3, 1]).reshape(1, 2, 2);
        new FeatureMatchingLoss().Compute(student, teacher).item<double>().Should().Be(3.5);
        new FeatureMatchingLoss(new() { Reduction = BatchReduction.Sum }).Compute(student.repeat(2, 1, 1), teacher.repeat(2, 1, 1)).item<double>()
            .Should().Be(7);
    }

    [Fact]
    public void An_adapter_maps_the_students_channels_to_the_teachers()
    {
        using var scope = NewDisposeScope();
        using var loss = new AdaptedFeatureMatchingLoss(studentWidth: 1, teacherWidth: 2, spatialDimensions: 2);
        using (no_grad())
        {
            // a = (2, −1)·x + (0, 1) for the two channels: at x = 3 it is (6, −2).
            Tensor[] parameters = [.. loss.Module.parameters()];
            parameters[0].copy_(tensor([2f, -1]).reshape(2, 1, 1, 1));
            parameters[1].copy_(tensor([0f, 1]));
        }

        // Against (5, 0) the squared differences are 1 and 4.
        loss.Compute(full([1, 1, 1, 1], 3f), tensor([5f, 0]).reshape(1, 2, 1, 1)).item<float>().Should().Be(2.5f);
    }

    [Fact]
    public void The_adapter_learns_with_the_student()
    {
        using var scope = NewDisposeScope();
        manual_seed(32);
        using var loss = new AdaptedFeatureMatchingLoss(2, 3);
        Tensor student = randn([1, 2, 2, 2, 2]).requires_grad_(true);
        Tensor teacher = randn([1, 3, 2, 2, 2]).requires_grad_(true);
        loss.Compute(student, teacher).backward();
        loss.Module.parameters().Should().HaveCount(2).And.OnlyContain(parameter => parameter.grad!.abs().sum().item<float>() > 0);
        student.grad!.abs().sum().item<float>().Should().BePositive();
        ReferenceEquals(teacher.grad, null).Should().BeTrue();
    }

    [Fact]
    public void Half_precision_features_are_widened()
    {
        using var scope = NewDisposeScope();
        using var adapted = new AdaptedFeatureMatchingLoss(2, 2, spatialDimensions: 2);
        Tensor features = randn([1, 2, 3, 3]).to(ScalarType.BFloat16);
        adapted.Compute(features, features).dtype.Should().Be(ScalarType.Float32);
        new FeatureMatchingLoss().Compute(features, features).dtype.Should().Be(ScalarType.Float32);
        new AttentionTransferLoss().Compute([features], [features]).dtype.Should().Be(ScalarType.Float32);
        new PairWiseLoss().Compute(features, features).dtype.Should().Be(ScalarType.Float32);
    }

    [Fact]
    public void A_level_above_the_bottleneck_can_be_chosen()
    {
        using var scope = NewDisposeScope();
        Tensor logits = zeros([1, 4, 2]);
        DistillationContext context = Contexts.Of(
            Contexts.BratsClasses,
            zeros([1, 2], ScalarType.Int64),
            Contexts.OutputOf(logits, ones([1, 2, 1, 2]), zeros([1, 3, 1, 1])),
            ("teacher", Contexts.OutputOf(logits, zeros([1, 2, 1, 2]), zeros([1, 3, 1, 1]))));
        new FeatureMatchingLoss().Compute(context).item<float>().Should().Be(0);
        new FeatureMatchingLoss(new() { LevelsAboveBottleneck = 1 }).Compute(context).item<float>().Should().Be(1);
        Func<object> tooHigh = () => new FeatureMatchingLoss(new() { LevelsAboveBottleneck = 2 }).Compute(context);
        tooHigh.Should().Throw<ArgumentException>().WithMessage("The student's encoding has 2 levels, so there is none 2 above the bottleneck.");

        using var adapted = new AdaptedFeatureMatchingLoss(3, 3, spatialDimensions: 2);
        using var adaptedAbove = new AdaptedFeatureMatchingLoss(2, 2, spatialDimensions: 2, new() { LevelsAboveBottleneck = 1 });
        adapted.Compute(context).item<float>().Should().BeGreaterThanOrEqualTo(0);
        adaptedAbove.Compute(context).item<float>().Should().BeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public void Other_shapes_are_refused_with_what_to_do()
    {
        using var scope = NewDisposeScope();
        Func<object> widths = () => new FeatureMatchingLoss().Compute(rand([1, 8, 2]), rand([1, 1, 2]));
        widths.Should().Throw<ArgumentException>().WithMessage("The student's features [1, 8, 2] and the teacher's [1, 1, 2] must have the same shape: "
            + "where only the number of channels differs, use AdaptedFeatureMatchingLoss; otherwise compare levels of the same resolution.");
        using var adapted = new AdaptedFeatureMatchingLoss(2, 4);
        Func<object> otherWidth = () => adapted.Compute(rand([1, 3, 2, 2, 2]), rand([1, 4, 2, 2, 2]));
        otherWidth.Should().Throw<ArgumentException>()
            .WithMessage("The student's features have the shape [1, 3, 2, 2, 2], but this loss was made for 2 channels and 3 spatial dimensions.");
        Func<object> slices = () => adapted.Compute(rand([1, 2, 2, 2]), rand([1, 4, 2, 2]));
        slices.Should().Throw<ArgumentException>().WithMessage("*[1, 2, 2, 2]*3 spatial dimensions.");
        Func<object> otherSize = () => adapted.Compute(rand([1, 2, 2, 2, 2]), rand([1, 4, 2, 2, 1]));
        otherSize.Should().Throw<ArgumentException>().WithMessage("*must have the same shape*");
    }

    [Fact]
    public void Faults_are_listed_together()
    {
        Func<object> make = () => new FeatureMatchingLoss(new() { LevelsAboveBottleneck = -1, Reduction = (BatchReduction)9 });
        make.Should().Throw<ArgumentException>()
            .WithMessage("FeatureMatchingOptions: LevelsAboveBottleneck must be at least 0, but is -1. Reduction has no value 9.");
        Func<object> makeAdapted = () => new AdaptedFeatureMatchingLoss(0, -1, 4, new() { LevelsAboveBottleneck = -1 });
        makeAdapted.Should().Throw<ArgumentException>().WithMessage(
            "AdaptedFeatureMatchingLoss: studentWidth must be at least 1, but is 0. teacherWidth must be at least 1, but is -1. "
                + "spatialDimensions must be 2 or 3, but is 4. options.LevelsAboveBottleneck must be at least 0, but is -1.");
    }
}
