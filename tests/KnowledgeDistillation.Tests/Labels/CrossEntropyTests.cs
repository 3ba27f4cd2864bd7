using FluentAssertions;
using KnowledgeDistillation.Labels;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Labels;

/// <summary>The cross-entropy of both label schemes.</summary>
public class CrossEntropyTests
{
    private static readonly ExclusiveClasses Two = new("background", "tumor");
    private static readonly OverlappingRegions TwoRegions = new([new Region("WT", 1, 2), new Region("TC", 2)], innermostClasses: [1, 2]);
    private static readonly double Log3 = Math.Log(3);

    [Fact]
    public void Of_exclusive_classes_by_hand()
    {
        using var scope = NewDisposeScope();
        // p = (1/4, 3/4) at both voxels; t = (0, 1): log 4/3; t = (1/2, 1/2): ½ log 4 + ½ log 4/3.
        Tensor logits = tensor([0, 0, Log3, Log3]).reshape(1, 2, 2);
        Tensor target = tensor([0, 0.5, 1, 0.5]).reshape(1, 2, 2);
        Tensor entropy = Two.CrossEntropy(logits, target);
        entropy.shape.Should().Equal(1, 2);
        Values(entropy).Should().Equal([Math.Log(4.0 / 3), (0.5 * Math.Log(4)) + (0.5 * Math.Log(4.0 / 3))], (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Of_overlapping_regions_by_hand()
    {
        using var scope = NewDisposeScope();
        // p = (1/2, 3/4); t = (1, 0): log 2 + log 4; t = (1/4, 3/4): log 2 + ¾ log 4/3 + ¼ log 4.
        Tensor logits = tensor([0, 0, Log3, Log3]).reshape(1, 2, 2);
        Tensor target = tensor([1, 0.25, 0, 0.75]).reshape(1, 2, 2);
        Values(TwoRegions.CrossEntropy(logits, target)).Should().Equal(
            [Math.Log(2) + Math.Log(4), Math.Log(2) + (0.75 * Math.Log(4.0 / 3)) + (0.25 * Math.Log(4))],
            (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Against_its_own_probabilities_it_is_their_entropy_and_the_rest_is_a_divergence()
    {
        using var scope = NewDisposeScope();
        manual_seed(61);
        foreach (LabelScheme scheme in new LabelScheme[] { Contexts.BratsClasses, Contexts.BratsRegions })
        {
            (Tensor student, Tensor teacher) = (randn([2, scheme.Channels, 50], ScalarType.Float64), randn([2, scheme.Channels, 50], ScalarType.Float64));
            Tensor target = scheme.Probabilities(teacher);
            Tensor divergence = scheme.CrossEntropy(student, target) - scheme.CrossEntropy(teacher, target);
            divergence.min().item<double>().Should().BePositive();
        }
    }

    [Theory]
    [InlineData(10000)]
    [InlineData(-10000)]
    public void Value_and_gradient_are_finite_for_logits_of_ten_thousand(double size)
    {
        using var scope = NewDisposeScope();
        // Half a per cent of slack for numbers of 8 bits.
        foreach (ScalarType type in new[] { ScalarType.Float64, ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
        {
            // Classes (z, −z) against (0, 1) and (1/2, 1/2): for z = 10⁴ 20,000 and 10,000, for z = −10⁴ nothing and 10,000.
            Tensor logits = tensor([size, size, -size, -size]).reshape(1, 2, 2).to(type).requires_grad_(true);
            Tensor target = tensor([0, 0.5, 1, 0.5]).reshape(1, 2, 2).to(type);
            Tensor ofClasses = Two.CrossEntropy(logits, target);
            ofClasses.dtype.Should().Be(type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);
            Values(ofClasses).Should().Equal([size > 0 ? 20000 : 0, 10000], (a, b) => Math.Abs(a - b) < 40);
            // Regions: the first is z against 0 and 1/2, the second −z against 1 and 1/2. For z = 10⁴ all is wrong, 20,000;
            // for z = −10⁴ nothing; half of both against 1/2.
            Tensor ofRegions = TwoRegions.CrossEntropy(logits, target);
            Values(ofRegions).Should().Equal([size > 0 ? 20000 : 0, 10000], (a, b) => Math.Abs(a - b) < 40);
            (ofClasses.sum() + ofRegions.sum()).backward();
            logits.grad!.isfinite().all().item<bool>().Should().BeTrue();
        }
    }

    [Fact]
    public void Another_shape_or_number_of_channels_is_refused()
    {
        using var scope = NewDisposeScope();
        foreach (LabelScheme scheme in new LabelScheme[] { Two, TwoRegions })
        {
            Func<object> otherShape = () => scheme.CrossEntropy(zeros([1, 2, 3]), zeros([1, 2, 1]));
            otherShape.Should().Throw<ArgumentException>().WithMessage("The logits [1, 2, 3] and the target [1, 2, 1] must have the same shape.");
            Func<object> otherChannels = () => scheme.CrossEntropy(zeros([1, 3, 3]), zeros([1, 3, 3]));
            otherChannels.Should().Throw<ArgumentException>().WithMessage("A tensor [N, 2, spatial...] is needed*");
        }
    }

    private static double[] Values(Tensor tensor) => [.. tensor.detach().to(ScalarType.Float64).flatten().data<double>()];
}
