using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A network of a user's own in mixed precision: the code of docs/bring-your-own-network.md.</summary>
public sealed class OwnPrecisionTests
{
    [Theory]
    [InlineData(Precision.Mixed, ScalarType.BFloat16)]
    [InlineData(Precision.Full, ScalarType.Float32)]
    public void A_network_of_ones_own_learns_teaches_and_segments_in_the_precision_that_is_set(Precision precision, ScalarType type)
    {
        using Batch spheres = Toy.Spheres();
        var options = new TrainingOptions { Epochs = 4, LearningRate = 1e-2, Precision = precision };
        manual_seed(1);
        using var teacher = new NarrowNetwork("bright", "faint");
        using var student = new NarrowNetwork("faint");
        new SupervisedTrainer(teacher, Toy.Labels, options).Fit(Toy.Source(spheres));
        TrainingResult distilled = new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options).Fit(Toy.Source(spheres));
        using Tensor probabilities = new WholeVolumeInference(precision).Predict(student, Toy.Labels, spheres.Images);

        distilled.History[^1].Training.Total.Should().BeLessThan(distilled.History[0].Training.Total);
        teacher.Seen.Should().Equal(type);
        student.Seen.Should().Equal(type);
        student.parameters().Should().OnlyContain(parameter => parameter.dtype == ScalarType.Float32);
        probabilities.dtype.Should().Be(ScalarType.Float32);
    }

    [Fact]
    public void Outside_of_a_fit_nothing_is_narrowed() => ComputePrecision.Current.Should().Be(Precision.Full);
}
