using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A user whose network has one encoder per modality, samples its latents, and brings a loss of its own for them.</summary>
public sealed class VariationalNetworkTests
{
    [Fact]
    public void It_is_trained_with_a_term_of_its_own_and_segments_with_any_modalities_at_hand()
    {
        using Batch spheres = Toy.Spheres();
        manual_seed(1);
        using var network = new VariationalNetwork(Toy.Modalities, outputChannels: 2);
        var objective = new WeightedObjective(
            new LossTerm("reference", 1, new ReferenceLoss()),
            new LossTerm("prior", 0.1, new LatentPriorLoss()));
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, new TrainingOptions { Epochs = 10, LearningRate = 1e-2 }, objective)
            .Fit(Toy.Source(spheres));

        result.History[^1].Training.Total.Should().BeLessThan(0.8 * result.History[0].Training.Total);
        result.History[^1].Training.Terms.Select(term => term.Name).Should().Equal("reference", "prior");

        var model = new SegmentationModel(network, Toy.Labels);
        using Tensor both = model.PredictProbabilities(spheres.Images);
        foreach (string modality in Toy.Modalities)
        {
            foreach (IInference inference in new IInference[]
            {
                new WholeVolumeInference(),
                new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [8, 8, 8] }),
            })
            {
                using Tensor one = model.PredictProbabilities(spheres.Images.Only(modality), inference);
                one.shape.Should().Equal(both.shape);
                one.allclose(both).Should().BeFalse();
            }
        }

        FluentActions.Invoking(() => model.PredictProbabilities(new ModalityImages(("t2", spheres.Images["faint"]))))
            .Should().Throw<ArgumentException>().WithMessage("*bright, faint*t2*");
    }

    [Fact]
    public void It_can_teach_and_be_taught()
    {
        using Batch spheres = Toy.Spheres();
        manual_seed(1);
        using var teacher = new VariationalNetwork(Toy.Modalities, outputChannels: 2);
        using var student = new VariationalNetwork(["faint"], outputChannels: 2);
        byte[] before = Toy.Bits(teacher);
        TrainingResult result =
            new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, new TrainingOptions { Epochs = 5, LearningRate = 1e-2 })
                .Fit(Toy.Source(spheres));
        result.Best.Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        Toy.Bits(teacher).Should().Equal(before);
    }
}
