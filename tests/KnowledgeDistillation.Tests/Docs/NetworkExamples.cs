using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.Synthesis;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>The code of docs/networks.md.</summary>
public sealed class NetworkExamples : IDisposable
{
    private static readonly ExclusiveClasses labels = Toy.Labels;
    private static readonly TrainingOptions options = new() { Epochs = 4, LearningRate = 1e-2 };

    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose() => _spheres.Dispose();

    [Fact]
    public void A_MultiResUNet_in_the_place_of_a_UNet()
    {
        (IBatchSource training, IBatchSource validation) = (Toy.Source(_spheres), Toy.Source(_spheres));
        manual_seed(1);

        using var teacher = new MultiResUNet3D(
            new MultiResUNet3DOptions { Modalities = ["bright", "faint"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 3 });
        using var student = new MultiResUNet3D(
            new MultiResUNet3DOptions { Modalities = ["faint"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 3 });
        new SupervisedTrainer(teacher, labels, options).Fit(training, validation);
        TrainingResult distilled = new DistillationTrainer(student, new FrozenTeacher(teacher), labels, options).Fit(training, validation);

        distilled.Best.WatchedLoss.Should().BeLessThanOrEqualTo(distilled.History[0].WatchedLoss);
    }

    [Fact]
    public void Shared_deepest_levels()
    {
        IBatchSource training = Toy.Source(_spheres);
        manual_seed(1);
        using UNet3D teacherNetwork = Network(Toy.Modalities);
        using UNet3D student = Network("faint");
        byte[] before = Toy.Bits(teacherNetwork);

        var teacher = new FrozenTeacher(teacherNetwork);
        student.ShareDeepestLevels(teacher, levels: 2);
        TrainingResult distilled = new DistillationTrainer(student, teacher, labels, options).Fit(training);

        distilled.History[^1].Training.Total.Should().BeLessThan(distilled.History[0].Training.Total);
        Toy.Bits(teacherNetwork).Should().Equal(before);

        static UNet3D Network(params string[] modalities) => new(new UNet3DOptions { Modalities = modalities, OutputChannels = 2, BaseWidth = 2, Levels = 3 });
    }

    [Fact]
    public void Synthesis_in_two_stages_and_jointly()
    {
        IBatchSource training = Toy.Source(_spheres);
        manual_seed(1);

        using var network = new SynthesisNetwork(new SynthesisNetworkOptions
        {
            Generator = new UNet3DOptions { Modalities = ["faint"], OutputChannels = 1, BaseWidth = 4, Levels = 3 },
            Segmenter = new UNet3DOptions { Modalities = ["faint", "bright"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 3 },
            SynthesizedModalities = ["bright"],
        });
        var imitate = new ReconstructionLoss(new ReconstructionOptions { Distance = ReconstructionDistance.Absolute });
        TrainingResult generated = new SupervisedTrainer(network, labels, options, new WeightedObjective("synthesis", imitate)).Fit(training);
        network.FreezeGenerator();
        TrainingResult segmented = new SupervisedTrainer(network, labels, options).Fit(training);

        using Tensor classes = new SegmentationModel(network, labels).Predict(_spheres.Images.Only("faint"));
        classes.shape.Should().Equal(_spheres.Labels.shape);
        generated.History[^1].Training.Total.Should().BeLessThan(generated.History[0].Training.Total);
        segmented.History[^1].Training.Total.Should().BeLessThan(segmented.History[0].Training.Total);

        var jointly = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()),
            new LossTerm("synthesis", 0.5, imitate));
        jointly.Terms.Should().HaveCount(2);
    }

    [Fact]
    public void Slices_of_volumes()
    {
        Batch spheres = _spheres;
        IBatchSource volumes = Toy.Source(spheres);
        manual_seed(1);

        using var network = new UNet2D(new UNet2DOptions { Modalities = ["faint"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 3 });
        new SupervisedTrainer(network, labels, options).Fit(new SliceBatchSource(volumes, axis: 0));
        using Tensor classes = new SegmentationModel(network, labels).Predict(spheres.Images, new SliceInference(new SliceInferenceOptions { Axis = 0 }));

        classes.shape.Should().Equal(spheres.Labels.shape);
    }
}
