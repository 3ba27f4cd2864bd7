using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>Users who bring a network of their own: the code of docs/bring-your-own-network.md.</summary>
public sealed class BringYourOwnNetworkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_plain_module_teaches_is_taught_is_saved_and_loaded()
    {
        (Batch spheres, string folder) = (_spheres, _folder["student"]);
        manual_seed(1);

        static ModuleAdapter Network(params string[] modalities) => new(
            nn.Sequential(
                ("enter", nn.Sequential(nn.Conv3d(modalities.Length, 8, 3, padding: 1), nn.BatchNorm3d(8), nn.ReLU(inplace: true))),
                ("halve", nn.MaxPool3d(2)),
                ("bottleneck", nn.Sequential(nn.Conv3d(8, 16, 3, padding: 1), nn.BatchNorm3d(16), nn.ReLU(inplace: true))),
                ("double", nn.ConvTranspose3d(16, 8, 2, stride: 2)),
                ("leave", nn.Conv3d(8, 2, 1))),
            modalities,
            outputChannels: 2,
            bottleneck: "bottleneck",
            sizeMultiple: 2);

        var labels = new ExclusiveClasses("background", "sphere");
        var data = new InMemoryBatchSource(spheres.Images, spheres.Labels, batchSize: 2, shuffleSeed: 1);
        var options = new TrainingOptions { Epochs = 10, LearningRate = 1e-2 };
        using ModuleAdapter teacher = Network("bright", "faint");
        using ModuleAdapter student = Network("faint");
        TrainingResult taught = new SupervisedTrainer(teacher, labels, options).Fit(data);
        TrainingResult distilled = new DistillationTrainer(student, new FrozenTeacher(teacher), labels, options).Fit(data);

        new SegmentationModel(student, labels).Save(folder);
        using SegmentationModel loaded = SegmentationModel.LoadInto(folder, Network("faint"));
        using Tensor segmented = loaded.Predict(spheres.Images);

        taught.Best.Training.Total.Should().BeLessThan(taught.History[0].Training.Total);
        distilled.Best.Training.Total.Should().BeLessThan(distilled.History[0].Training.Total);
        Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(student));
        using Tensor expected = new SegmentationModel(student, labels).Predict(spheres.Images);
        segmented.equal(expected).all().item<bool>().Should().BeTrue();
        using Tensor right = segmented.eq(spheres.Labels).to(ScalarType.Float32).mean();
        right.item<float>().Should().BeGreaterThan(0.8f);
    }

    [Theory]
    [InlineData("adapter")]
    [InlineData("own")]
    public void A_network_with_a_recipe_teaches_is_taught_and_is_opened_by_name(string kind)
    {
        NetworkRecipes.Register<SkipModuleOptions>();
        NetworkRecipes.Register<SmallNetworkOptions>();
        using IEncoderDecoder teacher = Network(seed: 1, Toy.Modalities);
        using IEncoderDecoder student = Network(seed: 2, "faint");
        (byte[] before, byte[] studentBefore) = (Toy.Bits(teacher), Toy.Bits(student));
        var options = new TrainingOptions { Epochs = 5, LearningRate = 1e-2, OutputFolder = _folder["run"] };
        var objective = new WeightedObjective(
            new LossTerm("reference", 1, new ReferenceLoss()),
            new LossTerm("bottleneck", 0.1, new BottleneckLoss()),
            new LossTerm("shallow features", 0.1, new BottleneckLoss(new BottleneckOptions { LevelsAboveBottleneck = 1 })));
        TrainingResult result = new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options, objective)
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));

        result.Best.Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        Toy.Bits(teacher).Should().Equal(before);
        Toy.Bits(student).Should().NotEqual(studentBefore);
        using SegmentationModel model = SegmentationModel.Load(Path.Combine(_folder["run"], "best"));
        model.Network.Recipe.Should().BeEquivalentTo(student.Recipe, comparison => comparison.RespectingRuntimeTypes());
        Toy.Bits(model.Network).Should().Equal(Toy.Bits(student));

        IEncoderDecoder Network(long seed, params string[] modalities)
        {
            manual_seed(seed);
            NetworkRecipe recipe = kind == "adapter"
                ? new SkipModuleOptions { Modalities = modalities, OutputChannels = 2 }
                : new SmallNetworkOptions { Modalities = modalities, OutputChannels = 2 };
            return recipe.Build();
        }
    }

    [Theory]
    [InlineData("adapter")]
    [InlineData("own")]
    public void A_loss_reads_what_the_last_convolution_reads(string kind)
    {
        IBatchSource training = Toy.Source(_spheres);
        ExclusiveClasses labels = Toy.Labels;
        var options = new TrainingOptions { Epochs = 5, LearningRate = 1e-2 };
        manual_seed(1);
        using IEncoderDecoder teacher = Recipe(Toy.Modalities).Build(), student = Recipe("faint").Build();

        using var objective = new WeightedObjective(new LossTerm("reference", 1, new ReferenceLoss()), new LossTerm("hint", 0.1, new HintLoss()));
        TrainingResult result = new DistillationTrainer(student, new FrozenTeacher(teacher), labels, options, objective).Fit(training);

        result.Best.Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        using var scope = NewDisposeScope();
        NetworkOutput output = NetworkOutput.Of(student, _spheres.Images, ["last"]);
        Dictionary<string, Tensor> state = student.Module.state_dict();
        Tensor bias = state[kind == "adapter" ? "leave.bias" : "head.bias"], weight = state[kind == "adapter" ? "leave.weight" : "head.weight"];
        nn.functional.conv3d(output.DecoderFeature("last"), weight, bias).allclose(output.Logits, atol: 1e-5).Should().BeTrue();

        NetworkRecipe Recipe(params string[] modalities) => kind == "adapter"
            ? new SkipModuleOptions { Modalities = modalities, OutputChannels = 2 }
            : new SmallNetworkOptions { Modalities = modalities, OutputChannels = 2 };
    }

    [Theory]
    [InlineData("adapter")]
    [InlineData("own")]
    public void The_gradient_of_the_bottleneck_reaches_the_encoder_and_not_the_decoder(string kind)
    {
        using var scope = NewDisposeScope();
        NetworkRecipe recipe = kind == "adapter"
            ? new SkipModuleOptions { Modalities = ["faint"], OutputChannels = 2 }
            : new SmallNetworkOptions { Modalities = ["faint"], OutputChannels = 2 };
        using IEncoderDecoder network = recipe.Build();
        EncoderOutput encoding = network.Encode(_spheres.Images);
        encoding.Levels.Should().HaveCount(2);
        encoding.Bottleneck.square().sum().backward();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.Module.named_parameters())
        {
            Tensor? gradient = parameter.grad;
            bool inEncoder = name.StartsWith("enter", StringComparison.Ordinal)
                || name.StartsWith("deep", StringComparison.Ordinal)
                || name.StartsWith("shallow", StringComparison.Ordinal);
            (gradient is not null && gradient.count_nonzero().item<long>() > 0).Should().Be(inEncoder, name);
        }
    }
}
