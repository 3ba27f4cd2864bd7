using FluentAssertions;
using FluentAssertions.Execution;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public sealed class MultiResUNetTests
{
    [Fact]
    public void The_default_has_the_number_of_parameters_of_the_authors_code_but_for_the_differences_that_are_named()
    {
        using var network = new MultiResUNet3D(new MultiResUNet3DOptions { Modalities = ["t1", "t1ce", "t2", "flair"], OutputChannels = 1 });

        // ⌊0.167 W⌋, ⌊0.333 W⌋, ⌊0.5 W⌋ with W = 1.67 U.
        (long A, long B, long C)[] filters = [(8, 17, 26), (17, 35, 53), (35, 71, 106), (71, 142, 213), (142, 284, 427)];
        long[] baseWidths = [32, 64, 128, 256, 512];
        long[] widths = [.. filters.Select(f => f.A + f.B + f.C)];
        widths.Should().Equal(51, 105, 212, 426, 853);

        // Convolutions without bias, batch norms of a scale and an offset per channel. The authors' batch norms after a convolution have no scale.
        long scales = 0;
        long Convolution(long i, long o, long kernel)
        {
            scales += o;
            return (i * o * kernel * kernel * kernel) + (2 * o);
        }

        long Block(long i, (long A, long B, long C) f)
        {
            long o = f.A + f.B + f.C;
            return Convolution(i, o, 1) + Convolution(i, f.A, 3) + Convolution(f.A, f.B, 3) + Convolution(f.B, f.C, 3) + (2 * 2 * o);
        }

        long Path(long i, long o, int steps) =>
            Enumerable.Range(0, steps).Sum(step => Convolution(step == 0 ? i : o, o, 1) + Convolution(step == 0 ? i : o, o, 3) + (2 * o));
        long encoder = Block(4, filters[0]) + Enumerable.Range(1, 4).Sum(level => Block(widths[level - 1], filters[level]));
        long paths = Enumerable.Range(0, 4).Sum(level => Path(widths[level], baseWidths[level], steps: 4 - level));
        long decoder = Enumerable.Range(0, 4)
            .Sum(level => (widths[level + 1] * baseWidths[level] * 8) + baseWidths[level] + Block(2 * baseWidths[level], filters[level]));
        const long head = 51 + 1;

        long parameters = network.parameters().Sum(parameter => parameter.numel());
        parameters.Should().Be(encoder + paths + decoder + head).And.Be(18_639_713);

        // Their count holds the running mean and variance of each norm, among them the norm on their output, which has an offset where this network has a bias.
        long statistics = network.state_dict()
            .Where(entry => entry.Key.EndsWith("running_mean", StringComparison.Ordinal) || entry.Key.EndsWith("running_var", StringComparison.Ordinal))
            .Sum(entry => entry.Value.numel());
        (parameters - scales + statistics + 2).Should().Be(18_657_689, "that is the count of the authors' code");
        statistics.Should().Be(24_520);
        network.SizeMultiple.Should().Be(16);

        using var fourClasses = new MultiResUNet3D(new MultiResUNet3DOptions { Modalities = ["t1", "t1ce", "t2", "flair"], OutputChannels = 4 });
        fourClasses.parameters().Sum(parameter => parameter.numel()).Should().Be(18_639_869);
    }

    [Fact]
    public void It_computes_what_the_paper_defines()
    {
        using var scope = NewDisposeScope();
        manual_seed(40);
        using var network = new MultiResUNet3D(Small("a") with { Levels = 2, OutputChannels = 3 });
        Dictionary<string, Tensor> state = network.state_dict();
        Tensor image = randn([2, 1, 8, 4, 4]);

        Tensor level0 = Block("encoder.0", image);
        Tensor level1 = Block("encoder.1", nn.functional.max_pool3d(level0, [2, 2, 2]));
        Tensor up = nn.functional.conv_transpose3d(level1, state["decoder.0.up.weight"], state["decoder.0.up.bias"], strides: [2, 2, 2]);
        Tensor path = Norm("decoder.0.path.0.norm",
            (NormalizedConvolution("decoder.0.path.0.convolution", level0).relu() + NormalizedConvolution("decoder.0.path.0.shortcut", level0)).relu());
        Tensor expected = nn.functional.conv3d(Block("decoder.0.block", cat([up, path], 1)), state["head.weight"], state["head.bias"]);

        NetworkOutput output = NetworkOutput.Of(network, new ModalityImages(("a", image)));
        output.Encoding.Levels[0].allclose(level0, rtol: 1e-4, atol: 1e-4).Should().BeTrue();
        output.Encoding.Bottleneck.allclose(level1, rtol: 1e-4, atol: 1e-4)
            .Should().BeTrue("the bottleneck is the output of the deepest block after its last norm");
        output.Logits.allclose(expected, rtol: 1e-3, atol: 1e-3).Should().BeTrue();

        Tensor Block(string name, Tensor input)
        {
            Tensor first = NormalizedConvolution($"{name}.convolution1", input).relu();
            Tensor second = NormalizedConvolution($"{name}.convolution2", first).relu();
            Tensor third = NormalizedConvolution($"{name}.convolution3", second).relu();
            return Norm($"{name}.norm2", (Norm($"{name}.norm1", cat([first, second, third], 1)) + NormalizedConvolution($"{name}.shortcut", input)).relu());
        }

        Tensor NormalizedConvolution(string name, Tensor input)
        {
            Tensor weight = state[$"{name}.convolution.weight"];
            long padding = weight.shape[2] / 2;
            return Norm($"{name}.norm", nn.functional.conv3d(input, weight, padding: [padding, padding, padding]));
        }

        Tensor Norm(string name, Tensor input)
        {
            Tensor centered = input - input.mean([0, 2, 3, 4], keepdim: true);
            Tensor normalized = centered / (centered.square().mean([0, 2, 3, 4], keepdim: true) + 1e-5).sqrt();
            return (normalized * state[$"{name}.weight"].reshape(1, -1, 1, 1, 1)) + state[$"{name}.bias"].reshape(1, -1, 1, 1, 1);
        }
    }

    [Fact]
    public void Residual_paths_have_as_many_steps_as_poolings_lie_below_them()
    {
        using var network = new MultiResUNet3D(Small("a") with { Levels = 5 });
        int[] steps = [.. Enumerable.Range(0, 4).Select(number => network.state_dict().Keys
            .Where(name => name.StartsWith($"decoder.{number}.path.", StringComparison.Ordinal)).Select(name => name.Split('.')[3]).Distinct().Count())];
        steps.Should().Equal([1, 2, 3, 4], "decoder.0 is the deepest step up");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void The_decoder_sees_as_many_levels_besides_the_bottleneck_as_it_has_skip_connections(int skips)
    {
        using var scope = NewDisposeScope();
        manual_seed(41);
        using var network = new MultiResUNet3D(Small("a") with { SkipConnections = skips });
        network.eval();
        using IDisposable noGradient = no_grad();
        EncoderOutput encoding = network.Encode(new ModalityImages(("a", rand([1, 1, 8, 4, 4]))));
        encoding.Levels.Select(level => string.Join('×', level.shape)).Should().Equal("1×6×8×4×4", "1×12×4×2×2", "1×25×2×1×1");
        Tensor logits = network.Decode(encoding);
        for (int level = 0; level < 3; level++)
        {
            Tensor[] levels = [.. encoding.Levels];
            levels[level] = randn(levels[level].shape);
            network.Decode(new EncoderOutput(levels)).equal(logits).all().item<bool>().Should().Be(level < 2 - skips, $"level {level}");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    public void The_gradient_reaches_every_parameter(int? skips)
    {
        using var scope = NewDisposeScope();
        manual_seed(42);
        using var network = new MultiResUNet3D(Small("a", "b") with { SkipConnections = skips });
        (network.call(randn([1, 2, 16, 8, 8])) * randn([1, 2, 16, 8, 8])).sum().backward();
        foreach ((string name, Parameter parameter) in network.named_parameters())
        {
            Tensor? gradient = parameter.grad;
            gradient.Should().NotBeNull(name);
            gradient!.isfinite().all().item<bool>().Should().BeTrue(name);
            gradient.abs().max().item<float>().Should().BePositive(name);
        }
    }

    [Fact]
    public void A_size_that_would_leave_a_norm_a_single_voxel_is_refused_with_the_next_that_fits()
    {
        using var scope = NewDisposeScope();
        using var network = new MultiResUNet3D(Small("a"));
        FluentActions.Invoking(() => network.call(zeros([1, 1, 4, 4, 4]))).Should().Throw<ArgumentException>()
            .WithMessage("The spatial size 4×4×4 does not fit a network of 3 levels*The next size that fits is 8×8×8*");
        FluentActions.Invoking(() => network.call(zeros([1, 2, 8, 8, 8]))).Should().Throw<ArgumentException>()
            .WithMessage("MultiResUNet3D needs an input of 5 dimensions with 1 channels (a)*");
    }

    [Fact]
    public void It_teaches_and_is_taught_and_the_frozen_teachers_running_statistics_stay()
    {
        using Batch spheres = Toy.Spheres();
        manual_seed(43);
        using var teacher = new MultiResUNet3D(Small(Toy.Modalities));
        using var student = new MultiResUNet3D(Small("faint"));
        var options = new TrainingOptions { Epochs = 5, LearningRate = 1e-2 };
        byte[] fresh = Statistics(teacher);
        // One case per batch: a batch norm still sees the voxels of it.
        new SupervisedTrainer(teacher, Toy.Labels, options).Fit(Toy.Source(spheres, batchSize: 1));
        Statistics(teacher).Should().NotEqual(fresh, "training moves them");

        byte[] before = Toy.Bits(teacher);
        TrainingResult result = new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options)
            .Fit(Toy.Source(spheres, batchSize: 1), Toy.Source(spheres));

        Toy.Bits(teacher).Should().Equal(before);
        result.History[^1].Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        result.History.Should().OnlyContain(epoch => epoch.Training.Terms.All(term => double.IsFinite(term.Value)));

        static byte[] Statistics(MultiResUNet3D network) => [.. network.buffers().SelectMany(buffer => buffer.bytes.ToArray())];
    }

    [Fact]
    public void A_checkpoint_holds_its_recipe_and_its_running_statistics()
    {
        using var folder = new TemporaryFolder();
        using Batch spheres = Toy.Spheres();
        manual_seed(44);
        MultiResUNet3DOptions recipe = Small("faint") with { WidthFactor = 2.5, SkipConnections = 1 };
        using var network = new MultiResUNet3D(recipe);
        new SupervisedTrainer(network, Toy.Labels, new TrainingOptions { Epochs = 1 }).Fit(Toy.Source(spheres));
        var model = new SegmentationModel(network, Toy.Labels);
        model.Save(folder["model"]);

        using SegmentationModel loaded = SegmentationModel.Load(folder["model"]);
        loaded.Network.Recipe.Should().BeEquivalentTo(recipe);
        loaded.Network.Module.state_dict().Keys.Should().Contain("encoder.0.norm2.running_var");
        Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(network));
        using Tensor expected = model.PredictProbabilities(spheres.Images);
        using Tensor actual = loaded.PredictProbabilities(spheres.Images);
        actual.bytes.ToArray().Should().Equal(expected.bytes.ToArray());
    }

    [Fact]
    public void The_same_seed_gives_the_same_fit_bit_by_bit()
    {
        using Batch spheres = Toy.Spheres();
        byte[] Fit(long seed)
        {
            manual_seed(seed);
            using var network = new MultiResUNet3D(Small("faint"));
            new SupervisedTrainer(network, Toy.Labels, new TrainingOptions { Epochs = 2, LearningRate = 1e-2 }).Fit(Toy.Source(spheres));
            return Toy.Bits(network);
        }

        byte[] first = Fit(1);
        Fit(1).Should().Equal(first);
        Fit(2).Should().NotEqual(first);
    }

    [Fact]
    public void Steps_within_dispose_scopes_leave_no_tensor_behind()
    {
        using var network = new MultiResUNet3D(Small("a"));
        using Tensor image = rand([1, 1, 8, 8, 8]);
        var images = new ModalityImages(("a", image));
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
                NetworkOutput.Of(network, images).Logits.square().mean().backward();
                network.zero_grad();
            }
        }
    }

    [Fact]
    public void All_faults_of_the_options_are_in_one_message()
    {
        using var failures = new AssertionScope();
        Func<object> many = () => new MultiResUNet3D(
            new MultiResUNet3DOptions { Modalities = [], OutputChannels = 0, BaseWidth = 0, WidthFactor = double.NaN, Levels = 1, SkipConnections = 1 });
        many.Should().Throw<ArgumentException>().WithMessage(
            "MultiResUNet3DOptions: Modalities must name at least one modality. OutputChannels must be from 1 to 1024, but is 0. "
            + "Levels must be from 2 to 8, but is 1. "
            + "SkipConnections must be from 0 to 0 (Levels − 1), but is 1. BaseWidth must be from 1 to 1024, but is 0. "
            + "WidthFactor must be above 0 and at most 16, but is NaN.");
        Func<object> narrow = () => new MultiResUNet3D(Small("a") with { BaseWidth = 3 });
        narrow.Should().Throw<ArgumentException>()
            .WithMessage("MultiResUNet3DOptions: BaseWidth × WidthFactor must be at least 6, so that the narrowest convolution keeps a filter, but is 5.01.");
    }

    private static MultiResUNet3DOptions Small(params string[] modalities) => new() { Modalities = modalities, OutputChannels = 2, BaseWidth = 4, Levels = 3 };
}
