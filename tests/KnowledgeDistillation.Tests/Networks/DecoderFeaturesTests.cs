using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.Synthesis;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

/// <summary>What decoders compute before their last convolution.</summary>
public sealed class DecoderFeaturesTests : IDisposable
{
    private static readonly Dictionary<string, Func<NetworkRecipe>> Recipes = new()
    {
        ["U-Net"] = () => new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 4, BaseWidth = 4, Levels = 3 },
        ["U-Net, interpolating, few skips"] = () => new UNet3DOptions
        {
            Modalities = ["t1ce"],
            OutputChannels = 4,
            BaseWidth = 4,
            Levels = 3,
            SkipConnections = 1,
            Upsampling = Upsampling.Interpolation,
        },
        ["slices"] = () => new UNet2DOptions { Modalities = ["t1ce"], OutputChannels = 4, BaseWidth = 4, Levels = 3 },
        ["MultiRes"] = () => new MultiResUNet3DOptions { Modalities = ["t1ce"], OutputChannels = 4, BaseWidth = 8, Levels = 3 },
        ["PlainConvUNet"] = () => new PlainConvUNetOptions
        {
            Modalities = ["t1ce"],
            OutputChannels = 4,
            Features = [2, 4, 6],
            KernelSizes = [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
            Strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
        },
        ["U-HeMIS"] = () => HeteroModal.Recipe("U-HeMIS", 4, "t1ce", "flair"),
        ["U-HVED"] = () => HeteroModal.Recipe("U-HVED", 4, "t1ce", "flair"),
        ["disentangled fusion"] = () => HeteroModal.Recipe("disentangled fusion", 4, "t1ce", "flair"),
        ["synthesis"] = () => new SynthesisNetworkOptions
        {
            Generator = new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 1, BaseWidth = 2, Levels = 2 },
            Segmenter = new UNet3DOptions { Modalities = ["t1ce", "flair"], OutputChannels = 4, BaseWidth = 4, Levels = 3 },
            SynthesizedModalities = ["flair"],
        },
    };

    private readonly Batch _spheres = Toy.Spheres();

    public static TheoryData<string> Names => [.. Recipes.Keys];

    public void Dispose() => _spheres.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void The_last_convolution_makes_the_logits_of_them_and_keeping_them_changes_no_bit(string name)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = Build(name);
        network.Module.eval();
        ModalityImages images = Images(network);
        NetworkOutput plain = NetworkOutput.Of(network, images);
        NetworkOutput output = NetworkOutput.Of(network, images, network.DecoderFeatures);

        plain.DecoderFeatures.Should().BeEmpty("what nobody asks for is not kept");
        output.Logits.bytes.ToArray().Should().Equal(plain.Logits.bytes.ToArray());
        Tensor last = output.DecoderFeature(DecoderFeatureNames.Last);
        last.shape[2..].Should().Equal(plain.Logits.shape[2..]);
        Head(network, last).allclose(plain.Logits, atol: 1e-5).Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void There_are_those_of_each_level_from_the_finest_down_to_the_one_above_the_bottleneck(string name)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = Build(name);
        NetworkOutput output = NetworkOutput.Of(network, Images(network), network.DecoderFeatures);
        int levels = output.Encoding.Levels.Count;

        network.DecoderFeatures.Should().Equal(["last", .. Enumerable.Range(0, levels - 1).Select(DecoderFeatureNames.Level)]);
        output.DecoderFeatures.Keys.Should().BeEquivalentTo(network.DecoderFeatures);
        for (int level = 0; level < levels - 1; level++)
            output.DecoderFeature($"level {level}").shape[2..].Should().Equal(output.Encoding.Levels[level].shape[2..]);
        output.DecoderFeature("level 0").bytes.ToArray().Should().Equal(output.DecoderFeature("last").bytes.ToArray());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Only_those_are_kept_that_are_asked_for_and_the_gradient_flows_through_them(string name)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = Build(name);
        NetworkOutput output = NetworkOutput.Of(network, Images(network), ["last"]);
        output.DecoderFeatures.Keys.Should().Equal("last");
        output.DecoderFeatures.Values.Should().ContainSingle();
        output.Invoking(it => it.DecoderFeature("level 0")).Should().Throw<ArgumentException>().WithMessage("*'level 0'*not kept*IDecoderFeatureLoss*");

        output.DecoderFeature("last").square().mean().backward();
        network.Module.parameters().Count(parameter => parameter.grad is { } gradient && gradient.abs().sum().item<float>() > 0)
            .Should().BeGreaterThan(4, "encoder and decoder have moved them");
        output.Detach().DecoderFeature("last").requires_grad.Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void In_mixed_precision_losses_see_float32(string name)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = Build(name);
        NetworkOutput output;
        using (ComputePrecision.Use(Precision.Mixed, CPU))
            output = NetworkOutput.Of(network, Images(network), network.DecoderFeatures);
        using (no_grad())
        using (NewDisposeScope())
            _ = output.DecoderFeature("last");
        output.DecoderFeatures.Values.Should().OnlyContain(features => features.dtype == ScalarType.Float32);
        output.DecoderFeature("last").square().mean().backward();
        network.Module.parameters().Should().Contain(parameter => parameter.grad is object);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_name_that_the_decoder_does_not_give_is_refused_before_anything_runs(string name)
    {
        using IEncoderDecoder network = Build(name);
        FluentActions.Invoking(() => NetworkOutput.Of(network, new ModalityImages(("none", zeros([1, 1, 4, 4, 4]))), ["level 7"]))
            .Should().Throw<ArgumentException>().WithMessage($"*'level 7'*{network.GetType().Name}*it gives: last, level 0*");
    }

    [Fact]
    public void Sub_modules_of_an_adapter_are_features_under_the_names_given_for_them()
    {
        using var scope = NewDisposeScope();
        using ModuleAdapter adapter = new(
            nn.Sequential(
                ("enter", nn.Conv3d(1, 3, 3, padding: 1)),
                ("bottleneck", nn.Sequential(("inner", nn.Conv3d(3, 5, 3, padding: 1)), ("act", nn.ReLU(inplace: true)))),
                ("leave", nn.Conv3d(5, 2, 1))),
            ["faint"],
            2,
            "bottleneck",
            decoderFeatures: new Dictionary<string, string> { ["last"] = "bottleneck", ["before"] = "bottleneck.inner" });
        NetworkOutput output = NetworkOutput.Of(adapter, _spheres.Images, adapter.DecoderFeatures);

        adapter.DecoderFeatures.Should().Equal("last", "before");
        Tensor before = output.DecoderFeature("before");
        before.min().item<float>().Should().BeNegative("the activation in place comes after it");
        before.relu().equal(output.DecoderFeature("last")).all().item<bool>().Should().BeTrue();
        NetworkOutput.Of(adapter, _spheres.Images).DecoderFeatures.Should().BeEmpty();
        output.Detach().DecoderFeatures.Values.Should().OnlyContain(features => !features.requires_grad);
        adapter.Decode(output.Encoding.Detach()).requires_grad.Should().BeFalse();
        Func<object> wrong = () => new ModuleAdapter(
            nn.Sequential(("only", nn.Conv3d(1, 2, 1))), ["faint"], 2, "only", decoderFeatures: new Dictionary<string, string> { ["last"] = "deep" });
        wrong.Should().Throw<ArgumentException>().WithMessage("*no sub-module 'deep'*").WithParameterName("decoderFeatures");
    }

    [Fact]
    public void A_network_that_says_it_gives_features_and_does_not_is_named()
    {
        using var scope = NewDisposeScope();
        using var network = new ForgetfulNetwork();
        FluentActions.Invoking(() => NetworkOutput.Of(network, _spheres.Images, ["last"]))
            .Should().Throw<InvalidOperationException>().WithMessage("ForgetfulNetwork*'last'*DecodeWithFeatures*");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_loss_reads_them_in_a_fit_wherever_it_stands_in_the_objective(bool cached)
    {
        using var folder = new TemporaryFolder();
        using UNet3D student = Toy.Student(), first = Toy.Teacher(), second = Toy.Teacher(seed: 5);
        var cache = cached ? new TeacherCacheOptions() : null;
        FrozenTeacher[] teachers = [new FrozenTeacher(first, "first", cache), new FrozenTeacher(second, "second", cache)];
        using var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()),
            new LossTerm("named", 1, new NamedTeacherLoss("first", new FeatureLoss("last"))),
            new LossTerm("inner", 1, new WeightedObjective("mean", new TeacherMeanLoss(new FeatureLoss("level 0")))),
            new LossTerm("reported", 0, new NamedTeacherLoss("second", new FeatureLoss("level 0"))));
        objective.StudentFeatures.Should().BeEquivalentTo("last", "level 0");
        objective.TeacherFeatures("first").Should().BeEquivalentTo("last", "level 0");
        objective.TeacherFeatures("second").Should().Equal("level 0");

        TrainingResult result = new DistillationTrainer(student, teachers, Toy.Labels, objective, new TrainingOptions { Epochs = 4, LearningRate = 1e-2 })
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));

        result.History[^1].Training.Terms.Single(term => term.Name == "named").Value
            .Should().BeLessThan(result.History[0].Training.Terms.Single(term => term.Name == "named").Value);
    }

    [Fact]
    public void Cached_and_computed_ones_teach_the_same_to_the_precision_of_float16()
    {
        using UNet3D network = Toy.Teacher();
        double Fit(TeacherCacheOptions? cache)
        {
            using UNet3D student = Toy.Student();
            using var objective = new WeightedObjective("features", new FeatureLoss("last"));
            return new DistillationTrainer(student, new FrozenTeacher(network, cache: cache), Toy.Labels, new TrainingOptions { Epochs = 2 }, objective)
                .Fit(Toy.Source(_spheres)).History[^1].Training.Total;
        }

        double computed = Fit(null);
        computed.Should().BePositive();
        Fit(new TeacherCacheOptions()).Should().BeApproximately(computed, 1e-3 * computed).And.NotBe(computed);
    }

    [Fact]
    public void A_teacher_without_weight_need_not_give_them()
    {
        var weights = new Dictionary<string, double> { ["first"] = 1, ["second"] = 0 };
        using var objective = new WeightedObjective("mean", new TeacherMeanLoss(new FeatureLoss("last"), weights));
        objective.TeacherFeatures("first").Should().Equal("last");
        objective.TeacherFeatures("second").Should().BeEmpty();
    }

    [Fact]
    public void Networks_that_do_not_give_what_a_loss_reads_are_refused_when_the_trainer_is_made()
    {
        using UNet3D unet = Toy.Student(), teacher = Toy.Teacher();
        using ModuleAdapter plain = Toy.NetworkWithBuffers(1, 0, "faint"), plainTeacher = Toy.NetworkWithBuffers(2, 0, Toy.Modalities);
        using var ensemble = new EnsembleNetwork([Toy.Teacher(seed: 3), Toy.Teacher(seed: 4)], Toy.Labels);
        using var objective = new WeightedObjective(new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("hints", 1, new FeatureLoss("last", "level 1")));
        Refusal(plain, teacher).Should().Be(
            "The loss 'hints' (FeatureLoss) compares the features 'last' of decoders, but ModuleAdapter gives no features of its decoder. "
                + "It is the student: take a network that gives them, or leave the loss out.");
        Refusal(unet, teacher).Should().Contain("'hints' (FeatureLoss)").And.Contain("UNet3D gives no features 'level 1'; it gives: last, level 0.");
        using var last = new WeightedObjective("hints", new FeatureLoss("last"));
        Refusal(unet, plainTeacher, last).Should().Contain("ModuleAdapter gives no features").And.Contain("It is the teacher 'teacher'");
        Refusal(unet, ensemble, last).Should().Contain("'teacher' is an ensemble").And.Contain("TeacherMeanLoss");

        string Refusal(IEncoderDecoder student, IEncoderDecoder expert, WeightedObjective? other = null) => FluentActions
            .Invoking(() => new DistillationTrainer(student, new FrozenTeacher(expert), Toy.Labels, null, other ?? objective))
            .Should().Throw<ArgumentException>().Which.Message;
    }

    private static IEncoderDecoder Build(string name)
    {
        manual_seed(7);
        return Recipes[name]().Build();
    }

    private static ModalityImages Images(IEncoderDecoder network)
    {
        manual_seed(8);
        long[] shape = network.SpatialDimensions == 2 ? [2, 1, 8, 12] : [2, 1, 8, 8, 12];
        return new ModalityImages(network.Modalities.Select(name => KeyValuePair.Create(name, randn(shape))));
    }

    // A convolution of size 1, written as a product.
    private static Tensor Head(IEncoderDecoder network, Tensor last)
    {
        Dictionary<string, Tensor> state = network.Module.state_dict();
        string prefix = new[] { "segmenter.head", "segmentation.head", "decoder.head", "head" }.First(it => state.ContainsKey($"{it}.weight"));
        Tensor logits = einsum("oc,ncv->nov", state[$"{prefix}.weight"].flatten(1), last.flatten(2));
        if (state.TryGetValue($"{prefix}.bias", out Tensor? bias))
            logits = logits + bias.reshape(1, -1, 1);
        return logits.reshape([last.shape[0], -1, .. last.shape[2..]]);
    }

    private sealed class ForgetfulNetwork() : nn.Module(nameof(ForgetfulNetwork)), IEncoderDecoder
    {
        public nn.Module Module => this;

        public IReadOnlyList<string> Modalities => ["faint"];

        public int OutputChannels => 2;

        public IReadOnlyList<string> DecoderFeatures => ["last"];

        public EncoderOutput Encode(ModalityImages images) => new(images["faint"]);

        public Tensor Decode(EncoderOutput encoding) => encoding.Bottleneck.repeat(1, 2, 1, 1, 1);
    }
}
