using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.Synthesis;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public sealed class SynthesisNetworkTests : IDisposable
{
    private static readonly TrainingOptions Quick = new() { Epochs = 5, LearningRate = 1e-2 };

    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose() => _spheres.Dispose();

    [Fact]
    public void It_needs_the_real_modalities_only_and_never_sees_the_real_image_of_a_synthesized_one()
    {
        using var scope = NewDisposeScope();
        using SynthesisNetwork network = Network(seed: 1);
        network.Modalities.Should().Equal("faint");
        (network.OutputChannels, network.SizeMultiple).Should().Be((2, 4), "4 is a multiple of the generator's 2 and of the segmenter's 4");

        NetworkOutput with = NetworkOutput.Of(network, _spheres.Images);
        NetworkOutput without = NetworkOutput.Of(network, _spheres.Images.Only("faint"));
        with.Logits.equal(without.Logits).all().item<bool>().Should().BeTrue();
        FluentActions.Invoking(() => network.Encode(_spheres.Images.Only("bright"))).Should().Throw<ArgumentException>()
            .WithMessage("The modality 'faint' is missing*");

        // What it computes, step by step.
        ModalityImages made = network.Reconstruct(without.Encoding);
        made.Names.Should().Equal("bright");
        made["bright"].shape.Should().Equal(_spheres.Images["bright"].shape);
        Tensor expected = NetworkOutput.Of(network.Generator, _spheres.Images).Logits;
        made["bright"].equal(expected).all().item<bool>().Should().BeTrue();
        NetworkOutput segmented = NetworkOutput.Of(network.Segmenter, new ModalityImages(("faint", _spheres.Images["faint"]), ("bright", expected)));
        without.Logits.equal(segmented.Logits).all().item<bool>().Should().BeTrue();
        without.Encoding.Bottleneck.equal(segmented.Encoding.Bottleneck).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void The_images_are_made_once_a_pass()
    {
        using var scope = NewDisposeScope();
        int runs = 0;
        var generator = new UNet3D(Generator);
        var counting = new CountingNetwork(generator, () => runs++);
        using var network = new SynthesisNetwork(counting, new UNet3D(Segmenter), ["bright"]);
        EncoderOutput encoding = network.Encode(_spheres.Images);
        network.Decode(encoding);
        network.Reconstruct(encoding);
        runs.Should().Be(1);
    }

    [Fact]
    public void It_is_trained_in_two_stages()
    {
        using SynthesisNetwork network = Network(seed: 1);

        var synthesis = new WeightedObjective("synthesis", new ReconstructionLoss(new ReconstructionOptions { Distance = ReconstructionDistance.Absolute }));
        byte[] segmenterBefore = Toy.Bits(network.Segmenter);
        TrainingResult generated = new SupervisedTrainer(network, Toy.Labels, Quick, synthesis).Fit(Toy.Source(_spheres));
        generated.History[^1].Training.Total.Should().BeLessThan(generated.History[0].Training.Total);
        Toy.Bits(network.Segmenter).Should().Equal(segmenterBefore);

        network.FreezeGenerator();
        byte[] generatorBefore = Toy.Bits(network.Generator);
        TrainingResult segmented = new SupervisedTrainer(network, Toy.Labels, Quick).Fit(Toy.Source(_spheres));
        segmented.History[^1].Training.Total.Should().BeLessThan(segmented.History[0].Training.Total);
        Toy.Bits(network.Generator).Should().Equal(generatorBefore);
        Toy.Bits(network.Segmenter).Should().NotEqual(segmenterBefore);

        using Tensor prediction = new SegmentationModel(network, Toy.Labels).Predict(_spheres.Images.Only("faint"));
        prediction.shape.Should().Equal(_spheres.Labels.shape);
    }

    [Fact]
    public void It_is_trained_jointly_and_taught()
    {
        using UNet3D teacher = Toy.Network(seed: 3, Toy.Modalities);
        using SynthesisNetwork network = Network(seed: 1);
        (byte[] generator, byte[] segmenter) = (Toy.Bits(network.Generator), Toy.Bits(network.Segmenter));
        var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()),
            new LossTerm("KD", 1, new SoftTargetLoss()),
            new LossTerm("synthesis", 1, new ReconstructionLoss()));
        TrainingResult result = new DistillationTrainer(network, [new FrozenTeacher(teacher)], Toy.Labels, objective, Quick).Fit(Toy.Source(_spheres));
        result.History[^1].Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        Toy.Bits(network.Generator).Should().NotEqual(generator);
        Toy.Bits(network.Segmenter).Should().NotEqual(segmenter);
    }

    [Fact]
    public void Each_term_reaches_the_parameters_that_it_should()
    {
        using var scope = NewDisposeScope();
        using SynthesisNetwork network = Network(seed: 1);
        NetworkOutput output = NetworkOutput.Of(network, _spheres.Images);
        network.Reconstruct(output.Encoding)["bright"].square().sum().backward();
        Learns(network.Generator).Should().OnlyContain(learns => learns);
        Learns(network.Segmenter).Should().OnlyContain(learns => !learns);

        network.zero_grad();
        output = NetworkOutput.Of(network, _spheres.Images);
        output.Logits.square().sum().backward();
        Learns(network.Generator).Should().OnlyContain(learns => learns);
        Learns(network.Segmenter).Should().OnlyContain(learns => learns);

        network.FreezeGenerator();
        NetworkOutput.Of(network, _spheres.Images).Encoding.Detach().Levels.Should().OnlyContain(level => !level.requires_grad);
        network.parameters().Count(parameter => parameter.requires_grad).Should().Be(network.Segmenter.Module.parameters().Count());

        static IEnumerable<bool> Learns(IEncoderDecoder part) => [.. part.Module.parameters().Select(HasGradient)];

        static bool HasGradient(Parameter parameter)
        {
            Tensor? gradient = parameter.grad;
            return gradient is not null && gradient.count_nonzero().item<long>() > 0;
        }
    }

    [Fact]
    public void A_frozen_generator_stays_in_evaluation_mode()
    {
        manual_seed(1);
        using var network = new SynthesisNetwork(new SynthesisNetworkOptions
        {
            Generator = new MultiResUNet3DOptions { Modalities = ["faint"], OutputChannels = 1, BaseWidth = 4, Levels = 2 },
            Segmenter = Segmenter,
            SynthesizedModalities = ["bright"],
        });
        network.FreezeGenerator();
        byte[] before = Toy.Bits(network.Generator);
        network.train();
        using (NewDisposeScope())
            NetworkOutput.Of(network, _spheres.Images);
        Toy.Bits(network.Generator).Should().Equal(before, "its running statistics must not move either");
        (network.training, network.Segmenter.Module.training).Should().Be((true, true));
    }

    [Fact]
    public void A_checkpoint_holds_the_recipes_of_both_networks()
    {
        using var folder = new TemporaryFolder();
        using SynthesisNetwork network = Network(seed: 1);
        network.state_dict().Keys.Select(name => name.Split('.')[0]).Distinct().Should().Equal("generator", "segmenter");
        var model = new SegmentationModel(network, Toy.Labels);
        model.Save(folder["model"]);
        using SegmentationModel loaded = SegmentationModel.Load(folder["model"]);
        loaded.Network.Should().BeOfType<SynthesisNetwork>();
        loaded.Network.Recipe.Should().BeEquivalentTo(network.Recipe, comparison => comparison.RespectingRuntimeTypes());
        ((SynthesisNetworkOptions)loaded.Network.Recipe!).Generator.Should().BeOfType<UNet3DOptions>().Which.SkipConnections.Should().Be(0);
        Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(network));
        using Tensor expected = model.PredictProbabilities(_spheres.Images);
        using Tensor actual = loaded.PredictProbabilities(_spheres.Images);
        actual.bytes.ToArray().Should().Equal(expected.bytes.ToArray());

        string description = Path.Combine(folder["model"], "model.json");
        UncheckedJson.Make(description);
        File.WriteAllText(description, File.ReadAllText(description).Replace("\"UNet3DOptions\"", "\"ForeignOptions\"", StringComparison.Ordinal));
        FluentActions.Invoking(() => SegmentationModel.Load(folder["model"])).Should().Throw<CheckpointException>()
            .WithMessage("*'ForeignOptions' is not known here*");
    }

    [Fact]
    public void A_recipe_within_that_nobody_registered_is_refused_when_saving_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        using var network = new SynthesisNetwork(
            new SynthesisNetworkOptions { Generator = new UnregisteredOptions(), Segmenter = Segmenter, SynthesizedModalities = ["bright"] });
        FluentActions.Invoking(() => new SegmentationModel(network, Toy.Labels).Save(folder["model"]))
            .Should().Throw<InvalidOperationException>().WithMessage("*UnregisteredOptions*NetworkRecipes.Register<UnregisteredOptions>*");
        folder.Entries.Should().BeEmpty();
    }

    [Fact]
    public void Without_the_recipe_of_one_part_there_is_none()
    {
        using var network = new SynthesisNetwork(
            new ModuleAdapter(nn.Sequential(("bottom", nn.Conv3d(1, 1, 1))), ["faint"], 1, "bottom"), new UNet3D(Segmenter), ["bright"]);
        network.Recipe.Should().BeNull();
        network.SizeMultiple.Should().Be(4);
    }

    [Fact]
    public void The_same_seed_makes_the_same_network_and_disposing_it_disposes_both()
    {
        SynthesisNetwork first = Network(seed: 1);
        using (SynthesisNetwork second = Network(seed: 1))
            Toy.Bits(second).Should().Equal(Toy.Bits(first));
        Parameter[] parameters = [.. first.parameters()];
        first.Dispose();
        first.Dispose();
        parameters.Should().OnlyContain(parameter => parameter.IsInvalid);
    }

    [Fact]
    public void Steps_within_dispose_scopes_leave_no_tensor_behind()
    {
        using SynthesisNetwork network = Network(seed: 1);
        Step();
        LiveTensors.LeftBy(() =>
        {
            for (int i = 0; i < 3; i++)
                Step();
        }).Should().Be(0);

        void Step()
        {
            using (NewDisposeScope())
            {
                NetworkOutput output = NetworkOutput.Of(network, _spheres.Images);
                (output.Logits.square().mean() + network.Reconstruct(output.Encoding)["bright"].square().mean()).backward();
                network.zero_grad();
            }
        }
    }

    [Fact]
    public void Networks_that_do_not_fit_together_are_refused_in_one_message()
    {
        Func<object> wrong = () =>
            new SynthesisNetwork(new SynthesisNetworkOptions { Generator = Segmenter, Segmenter = Generator, SynthesizedModalities = ["bright"] });
        wrong.Should().Throw<ArgumentException>().WithMessage(
            "SynthesisNetwork: The generator has 2 output channels, but must have one for each synthesized modality: bright. "
            + "The generator sees faint, bright, but must not see what it synthesizes: bright. "
            + "The segmenter sees faint, but must see all that is synthesized: bright.");
        Func<object> empty = () => new SynthesisNetwork(new SynthesisNetworkOptions { Generator = null!, Segmenter = null!, SynthesizedModalities = [] });
        empty.Should().Throw<ArgumentException>()
            .WithMessage("SynthesisNetworkOptions: Generator must be given. Segmenter must be given. SynthesizedModalities must name at least one modality.");
        using SynthesisNetwork network = Network(seed: 1);
        FluentActions.Invoking(() => network.Decode(new EncoderOutput(_spheres.Images["faint"]))).Should().Throw<ArgumentException>()
            .WithMessage("This encoding comes from another network.*");
    }

    private static UNet3DOptions Generator => new() { Modalities = ["faint"], OutputChannels = 1, BaseWidth = 2, Levels = 2, SkipConnections = 0 };

    private static UNet3DOptions Segmenter => new() { Modalities = ["faint", "bright"], OutputChannels = 2, BaseWidth = 2, Levels = 3 };

    private static SynthesisNetwork Network(long seed)
    {
        manual_seed(seed);
        return new SynthesisNetwork(new SynthesisNetworkOptions { Generator = Generator, Segmenter = Segmenter, SynthesizedModalities = ["bright"] });
    }

    private sealed record UnregisteredOptions : NetworkRecipe
    {
        public override IEncoderDecoder Build() => new ModuleAdapter(nn.Sequential(("bottom", nn.Conv3d(1, 1, 1))), ["faint"], 1, "bottom", recipe: this);
    }

    private sealed class CountingNetwork(UNet3D network, Action count) : IEncoderDecoder
    {
        public nn.Module Module => network;

        public IReadOnlyList<string> Modalities => network.Modalities;

        public int OutputChannels => network.OutputChannels;

        public EncoderOutput Encode(ModalityImages images)
        {
            count();
            return network.Encode(images);
        }

        public Tensor Decode(EncoderOutput encoding) => network.Decode(encoding);

        public void Dispose() => network.Dispose();
    }
}
