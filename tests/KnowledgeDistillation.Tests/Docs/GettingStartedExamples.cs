using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>The examples of docs/getting-started.md.</summary>
public class GettingStartedExamples
{
    [Fact]
    public void An_objective_combined_by_hand_is_the_one_of_the_paper()
    {
        var objective = new WeightedObjective(
            new LossTerm("KD", 0.75, new SoftTargetLoss(new SoftTargetOptions { Temperature = 5 })),
            new LossTerm("GT", 0.25, new ReferenceLoss()),
            new LossTerm("KL", 10, new BottleneckLoss()));

        objective.Terms.Select(term => (term.Name, term.Weight)).Should().Equal(KDNetObjective.Create().Terms.Select(term => (term.Name, term.Weight)));
    }

    [Fact]
    public void A_saved_model_is_used_without_the_code_that_trained_it()
    {
        using var scope = NewDisposeScope();
        string folder = Directory.CreateTempSubdirectory().FullName;
        var images = new ModalityImages(("t1ce", randn([1, 1, 8, 8, 8])));
        var network = new UNet3D(new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        using var trained = new SegmentationModel(network, new ExclusiveClasses("background", "tumor"));
        trained.Save(Path.Combine(folder, "best"));

        using SegmentationModel model = SegmentationModel.Load(Path.Combine(folder, "best"));
        using Tensor classes = model.Predict(images);

        classes.shape.Should().Equal(1, 8, 8, 8);
        classes.Equals(trained.Predict(images)).Should().BeTrue();
        Directory.Delete(folder, recursive: true);
    }
}
