using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Methods.DisentangledFusion;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.RFNet;
using KnowledgeDistillation.Tests.Networks;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.optim.lr_scheduler;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>The examples of docs/hetero-modal-networks.md.</summary>
public sealed class HeteroModalNetworksExamples : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _batch = new(HeteroModal.Images(HeteroModal.Modalities), randint(0, 4, [2, 8, 8, 12]), ["one", "two"]);

    public void Dispose()
    {
        _batch.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_published_training_of_U_HVED()
    {
        InMemoryBatchSource training = new(_batch.Images, _batch.Labels, batchSize: 1, shuffleSeed: 1);
        string folder = _folder["u-hved"];

        var labels = new ExclusiveClasses("background", "necrosis", "edema", "enhancing");
        var network = new HvedUNet3D(new HvedUNet3DOptions { Modalities = ["t1", "t1ce", "t2", "flair"], OutputChannels = labels.Channels });
        var options = new TrainingOptions
        {
            Epochs = 60_000 / training.BatchCount,
            LearningRate = 1e-3,
            WeightDecay = 1e-5,
            // Divided by 4 every 10,000 of the 60,000 steps.
            Schedule = new TorchSchedule(optimizer => StepLR(optimizer, step_size: 10_000 / training.BatchCount, gamma: 0.25)),
            OutputFolder = folder,
        };
        var trainer = new SupervisedTrainer(network, labels, options, HvedObjective.Create());

        trainer.Should().NotBeNull();
        options.Epochs.Should().Be(30_000);
        options.Schedule.Multiplier([]).Should().Be(1);
        options.Schedule.Multiplier(new double[4_999]).Should().Be(1);
        options.Schedule.Multiplier(new double[5_000]).Should().BeApproximately(0.25, 1e-9);
        network.Dispose();
    }

    [Fact]
    public void The_published_training_of_disentangled_fusion()
    {
        string folder = _folder["disentangled"];
        ExclusiveClasses labels = Contexts.BratsClasses;

        var network = new DisentangledFusionNet3D(
            new DisentangledFusionNet3DOptions { Modalities = ["t1", "t1ce", "t2", "flair"], OutputChannels = labels.Channels });
        var options = new TrainingOptions
        {
            Epochs = 300,
            LearningRate = 1e-4,
            WeightDecay = 1e-4,
            // Falls as (1 − epoch/300)^0.9.
            Schedule = new TorchSchedule(optimizer => PolynomialLR(optimizer, total_iters: 300, power: 0.9)),
            OutputFolder = folder,
        };
        var trainer = new SupervisedTrainer(network, labels, options, DisentangledFusionObjective.Create());

        trainer.Should().NotBeNull();
        options.Schedule.Multiplier(new double[150]).Should().BeApproximately(Math.Pow(0.5, 0.9), 1e-6);
        network.Dispose();
    }

    [Fact]
    public void The_published_training_of_RFNet()
    {
        string folder = _folder["rfnet"];
        ExclusiveClasses labels = Contexts.BratsClasses;

        var network = new RFNet3D(new RFNet3DOptions { Modalities = ["t1", "t1ce", "t2", "flair"], OutputChannels = labels.Channels });
        var options = new TrainingOptions
        {
            Epochs = 300,
            LearningRate = 2e-4,
            WeightDecay = 1e-4,
            // Falls as (1 − epoch/300)^0.9.
            Schedule = new TorchSchedule(optimizer => PolynomialLR(optimizer, total_iters: 300, power: 0.9)),
            OutputFolder = folder,
        };
        var trainer = new SupervisedTrainer(network, labels, options, RFNetObjective.Create());

        trainer.Should().NotBeNull();
        options.Schedule.Multiplier(new double[150]).Should().BeApproximately(Math.Pow(0.5, 0.9), 1e-6);
        network.Dispose();
    }

    [Fact]
    public void Any_subset_is_segmented_and_missing_images_are_made()
    {
        using var scope = NewDisposeScope();
        string folder = _folder["model"];
        ModalityImages images = _batch.Images;
        using (var trained = new SegmentationModel(HeteroModal.Network("U-HVED"), Contexts.BratsClasses))
            trained.Save(folder);

        using SegmentationModel model = SegmentationModel.Load(folder);
        Tensor fromAll = model.Predict(images);
        Tensor fromT1ce = model.Predict(images.Only("t1ce"));

        fromAll.shape.Should().Equal(fromT1ce.shape);
        fromAll.equal(fromT1ce).all().item<bool>().Should().BeFalse();

        using IDisposable noGradient = no_grad();
        var network = (IReconstructingNetwork)model.Network;
        ModalityImages completed = network.Reconstruct(network.Encode(images.Only("t1ce")));
        Tensor flair = completed["flair"];

        flair.shape.Should().Equal(2, 1, 8, 8, 12);
    }

    [Fact]
    public void Prediction_as_the_mean_of_draws()
    {
        using var scope = NewDisposeScope();
        using var training = HeteroModal.Network("U-HVED");
        string folder = _folder["sampling"];
        using (var trained = new SegmentationModel(training, Contexts.BratsClasses))
            trained.Save(folder);
        ModalityImages images = _batch.Images;

        using SegmentationModel model = SegmentationModel.Load(folder);
        using IEncoderDecoder sampling = ((HvedUNet3DOptions)model.Network.Recipe! with { SampleAtInference = true }).Build();
        sampling.Module.load_state_dict(model.Network.Module.state_dict());
        var draws = new SegmentationModel(sampling, model.Labels);
        Tensor mean = stack([.. Enumerable.Range(0, 10).Select(_ => draws.PredictProbabilities(images))]).mean([0]);

        mean.sum([1]).allclose(ones(2, 8, 8, 12), atol: 1e-4).Should().BeTrue();
        draws.PredictProbabilities(images).allclose(draws.PredictProbabilities(images)).Should().BeFalse();
    }
}
