using FluentAssertions;
using FluentAssertions.Execution;
using KnowledgeDistillation.Networks;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class UNetTests
{
    [Fact]
    public void The_default_has_the_widths_and_the_number_of_parameters_of_No_New_Net()
    {
        using var network = new UNet3D(new UNet3DOptions { Modalities = ["t1", "t1ce", "t2", "flair"], OutputChannels = 4 });

        // A block of two convolutions from i to o channels: 27·i·o + o and 27·o·o + o, and two norms of 2·o each.
        static long Block(long i, long o) => (27 * i * o) + o + (27 * o * o) + o + (4 * o);
        long[] widths = [30, 60, 120, 240, 480];
        long encoder = Block(4, 30) + Block(30, 60) + Block(60, 120) + Block(120, 240) + Block(240, 480);
        // A step up: the 1×1×1 convolution from 2w to w channels, then a block that sees w channels from below and w from the skip connection.
        long decoder = widths[..4].Sum(w => (2 * w * w) + w + Block(2 * w, w));
        long head = (30 * 4) + 4;

        encoder.Should().Be(12_426_120);
        decoder.Should().Be(6_352_650);
        network.parameters().Sum(parameter => parameter.numel()).Should().Be(encoder + decoder + head).And.Be(18_778_894);
        widths.Should().Equal(Enumerable.Range(0, 5).Select(level => network.get_parameter($"encoder.{level}.convolution2.weight")!.shape[0]));
        network.SizeMultiple.Should().Be(16);
        network.state_dict().Should().HaveCount((9 * 8) + (4 * 2) + 2, "nothing but the parameters is stored: instance norm keeps no statistics");
    }

    [Fact]
    public void The_network_for_slices_has_as_many_parameters_as_its_documentation_says()
    {
        using var network = new UNet2D(new UNet2DOptions { Modalities = ["t1", "t1ce", "t2", "flair"], OutputChannels = 4 });
        network.parameters().Sum(parameter => parameter.numel()).Should().Be(6_367_534);
    }

    [Theory]
    [InlineData(Upsampling.Interpolation)]
    [InlineData(Upsampling.TransposedConvolution)]
    public void Logits_have_the_size_of_the_images_in_volumes_and_slices(Upsampling upsampling)
    {
        using var scope = NewDisposeScope();
        using var volumes = new UNet3D(Small3D(2) with { Upsampling = upsampling });
        volumes.call(rand([2, 2, 8, 16, 12])).shape.Should().Equal(2, 3, 8, 16, 12);
        using var slices = new UNet2D(new UNet2DOptions { Modalities = ["a", "b"], OutputChannels = 3, BaseWidth = 2, Levels = 3, Upsampling = upsampling });
        slices.call(rand([2, 2, 16, 12])).shape.Should().Equal(2, 3, 16, 12);
        slices.parameters().Where(parameter => parameter.dim() > 1).Should().OnlyContain(parameter => parameter.dim() == 4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_decoder_sees_as_many_levels_besides_the_bottleneck_as_it_has_skip_connections(int skips)
    {
        using var scope = NewDisposeScope();
        manual_seed(20);
        using var network = new UNet3D(new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 4, BaseWidth = 2, SkipConnections = skips });
        network.eval();
        using IDisposable noGradient = no_grad();
        EncoderOutput encoding = network.Encode(new ModalityImages(("t1ce", rand([1, 1, 32, 16, 16]))));
        Tensor logits = network.Decode(encoding);

        for (int level = 0; level < 5; level++)
        {
            Tensor[] levels = [.. encoding.Levels];
            levels[level] = randn(levels[level].shape);
            bool same = network.Decode(new EncoderOutput(levels)).equal(logits).all().item<bool>();
            same.Should().Be(level < 4 - skips, $"level {level} is read by {skips} skip connections or not");
        }
    }

    [Fact]
    public void Without_skip_connections_the_blocks_of_the_decoder_are_narrower()
    {
        using var scope = NewDisposeScope();
        using var with = new UNet3D(Small3D(1));
        using var without = new UNet3D(Small3D(1) with { SkipConnections = 0 });
        with.get_parameter("decoder.0.block.convolution1.weight")!.shape.Should().Equal(4, 8, 3, 3, 3);
        without.get_parameter("decoder.0.block.convolution1.weight")!.shape.Should().Equal(4, 4, 3, 3, 3);
    }

    [Fact]
    public void The_encoding_holds_every_level_and_the_bottleneck_after_norm_and_activation()
    {
        using var scope = NewDisposeScope();
        manual_seed(21);
        using var network = new UNet3D(Small3D(1));
        EncoderOutput encoding = network.Encode(new ModalityImages(("a", randn([2, 1, 16, 16, 16]))));

        encoding.Levels.Select(level => string.Join('×', level.shape)).Should().Equal("2×2×16×16×16", "2×4×8×8×8", "2×8×4×4×4");
        encoding.Bottleneck.Should().BeSameAs(encoding.Levels[2]);
        // Undo leaky ReLU 0.01: what remains is normalized per channel, because norms begin with scale 1 and offset 0.
        Tensor normalized = where(encoding.Bottleneck.lt(0), encoding.Bottleneck * 100, encoding.Bottleneck);
        normalized.mean([2, 3, 4]).abs().max().item<float>().Should().BeLessThan(1e-4f);
        (normalized.square().mean([2, 3, 4]) - 1).abs().max().item<float>().Should().BeLessThan(1e-2f);
        encoding.Bottleneck.min().item<float>().Should().BeInRange(-0.1f, -1e-4f, "a leaky ReLU leaves signs");
    }

    [Fact]
    public void Blocks_are_convolution_norm_and_leaky_relu_twice()
    {
        using var scope = NewDisposeScope();
        manual_seed(22);
        using var network = new UNet3D(Small3D(1));
        Tensor image = randn([1, 1, 8, 8, 8]);
        Tensor expected = Half(Half(image, "encoder.0", 1), "encoder.0", 2);
        Tensor found = network.Encode(new ModalityImages(("a", image))).Levels[0];
        found.allclose(expected, rtol: 1e-4, atol: 1e-5).Should().BeTrue();

        Tensor Half(Tensor input, string block, int number)
        {
            Tensor convolved = nn.functional.conv3d(
                input,
                network.get_parameter($"{block}.convolution{number}.weight")!,
                network.get_parameter($"{block}.convolution{number}.bias")!,
                padding: [1, 1, 1]);
            Tensor centered = convolved - convolved.mean([2, 3, 4], keepdim: true);
            Tensor normalized = centered / (centered.square().mean([2, 3, 4], keepdim: true) + 1e-5).sqrt();
            return maximum(normalized, 0.01 * normalized);
        }
    }

    [Theory]
    [InlineData(Upsampling.Interpolation)]
    [InlineData(Upsampling.TransposedConvolution)]
    public void The_gradient_reaches_every_parameter(Upsampling upsampling)
    {
        using var scope = NewDisposeScope();
        manual_seed(23);
        using var network = new UNet3D(Small3D(2) with { Upsampling = upsampling });
        (network.call(randn([1, 2, 16, 8, 8])) * randn([1, 3, 16, 8, 8])).sum().backward();
        foreach ((string name, Parameter parameter) in network.named_parameters())
        {
            Tensor? gradient = parameter.grad;
            gradient.Should().NotBeNull(name);
            gradient!.isfinite().all().item<bool>().Should().BeTrue(name);
            // The norm removes what the bias of a convolution before it adds.
            if (!name.Contains("convolution", StringComparison.Ordinal) || !name.EndsWith("bias", StringComparison.Ordinal))
                gradient.abs().max().item<float>().Should().BePositive(name);
        }
    }

    [Fact]
    public void Modalities_are_taken_by_name_in_whatever_order_they_come()
    {
        using var scope = NewDisposeScope();
        manual_seed(24);
        using var network = new UNet3D(Small3D(2));
        (Tensor a, Tensor b, Tensor other) = (rand([1, 1, 8, 8, 8]), rand([1, 1, 8, 8, 8]), rand([1, 1, 8, 8, 8]));
        Tensor logits = Run(("a", a), ("b", b));
        Run(("other", other), ("b", b), ("a", a)).equal(logits).all().item<bool>().Should().BeTrue();
        Run(("a", b), ("b", a)).equal(logits).all().item<bool>().Should().BeFalse();
        network.call(cat([a, b], 1)).equal(logits).all().item<bool>().Should().BeTrue();

        network.Invoking(it => it.Encode(new ModalityImages(("b", b)))).Should().Throw<ArgumentException>()
            .WithMessage("The modality 'a' is missing; there are: b.*");

        Tensor Run(params (string, Tensor)[] images) => NetworkOutput.Of(network, new ModalityImages(images)).Logits;
    }

    [Fact]
    public void A_modality_may_have_several_channels()
    {
        using var scope = NewDisposeScope();
        using var network = new UNet3D(Small3D(2) with { InputChannels = 3 });
        var images = new ModalityImages(("a", rand([1, 2, 8, 8, 8])), ("b", rand([1, 1, 8, 8, 8])));
        NetworkOutput.Of(network, images).Logits.shape.Should().Equal(1, 3, 8, 8, 8);
        Action wrong = () => network.Encode(new ModalityImages(("a", rand([1, 1, 8, 8, 8])), ("b", rand([1, 1, 8, 8, 8]))));
        wrong.Should().Throw<ArgumentException>()
            .WithMessage("UNet3D needs an input of 5 dimensions with 3 channels (a, b), but the shape is [1, 2, 8, 8, 8].");
    }

    [Theory]
    [InlineData(new long[] { 10, 16, 16 }, "10×16×16", "12×16×16")]
    [InlineData(new long[] { 16, 16, 9 }, "16×16×9", "16×16×12")]
    [InlineData(new long[] { 1, 16, 16 }, "1×16×16", "4×16×16")]
    [InlineData(new long[] { 4, 4, 4 }, "4×4×4", "8×8×8")]
    [InlineData(new long[] { 3, 2, 1 }, "3×2×1", "8×8×8")]
    [InlineData(new long[] { 0, 8, 8 }, "0×8×8", "4×8×8")]
    public void A_size_that_does_not_fit_is_refused_with_the_next_that_does(long[] size, string named, string next)
    {
        using var scope = NewDisposeScope();
        using var network = new UNet3D(Small3D(1));
        Action encode = () => network.call(zeros([1, 1, .. size]));
        encode.Should().Throw<ArgumentException>().WithMessage(
            $"The spatial size {named} does not fit a network of 3 levels: each length must be a multiple of 4, and one at least 8. "
                + $"The next size that fits is {next}: pad or crop the images, or use fewer levels.");
        network.call(zeros([1, 1, .. next.Split('×').Select(long.Parse)])).shape.Should().HaveCount(5, "the size that is named does fit");
    }

    [Fact]
    public void The_smallest_size_that_is_allowed_runs()
    {
        using var scope = NewDisposeScope();
        using var network = new UNet3D(Small3D(1));
        network.call(rand([1, 1, 4, 4, 8])).isfinite().all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Slices_for_a_network_of_volumes_are_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new UNet3D(Small3D(1));
        Action encode = () => network.call(rand([1, 1, 8, 8]));
        encode.Should().Throw<ArgumentException>().WithMessage("UNet3D needs an input of 5 dimensions with 1 channels (a), but the shape is [1, 1, 8, 8].");
    }

    [Fact]
    public void An_encoding_of_another_network_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new UNet3D(Small3D(1));
        Action decode = () => network.Decode(new EncoderOutput(rand([1, 8, 4, 4, 4])));
        decode.Should().Throw<ArgumentException>().WithMessage("This network has 3 levels, but the encoding has 1: it comes from another network.*");
    }

    [Fact]
    public void The_same_seed_makes_the_same_network_bit_by_bit()
    {
        using var scope = NewDisposeScope();
        byte[] Weights(long seed)
        {
            manual_seed(seed);
            using var network = new UNet3D(Small3D(1));
            return [.. network.parameters().SelectMany(parameter => parameter.bytes.ToArray())];
        }

        Weights(1).Should().Equal(Weights(1));
        Weights(1).Should().NotEqual(Weights(2));
    }

    [Fact]
    public void A_network_that_is_made_within_a_dispose_scope_outlives_it()
    {
        UNet3D network;
        using (NewDisposeScope())
            network = new UNet3D(Small3D(1));
        using (network)
        using (NewDisposeScope())
            network.call(rand([1, 1, 8, 8, 8])).isfinite().all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Steps_within_dispose_scopes_leave_no_tensor_behind()
    {
        using var network = new UNet3D(Small3D(1));
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
    public void Its_recipe_builds_the_same_network()
    {
        using var scope = NewDisposeScope();
        using var network = new UNet2D(new UNet2DOptions { Modalities = ["a"], OutputChannels = 2, BaseWidth = 2, Levels = 2, SkipConnections = 0 });
        using IEncoderDecoder rebuilt = network.Recipe!.Build();
        rebuilt.Should().BeOfType<UNet2D>();
        rebuilt.Module.state_dict().Select(entry => (entry.Key, string.Join('×', entry.Value.shape)))
            .Should().Equal(network.state_dict().Select(entry => (entry.Key, string.Join('×', entry.Value.shape))));
        (rebuilt.OutputChannels, rebuilt.SizeMultiple).Should().Be((2, 2));
        rebuilt.Modalities.Should().Equal("a");
    }

    [Fact]
    public void All_faults_of_the_options_are_in_one_message()
    {
        using var failures = new AssertionScope();
        Func<object> many = () => new UNet3D(new UNet3DOptions
        {
            Modalities = ["a", "a", " "],
            OutputChannels = 0,
            InputChannels = 1,
            BaseWidth = 3,
            Levels = 9,
            SkipConnections = 9,
            Upsampling = (Upsampling)9,
        });
        many.Should().Throw<ArgumentException>().WithMessage(
            "UNet3DOptions: Modalities must name each modality once. Modalities must not hold an empty name. OutputChannels must be from 1 to 1024, but is 0. "
            + "InputChannels must be one per modality or more, up to 1024, but is 1. "
            + "Levels must be from 2 to 8, but is 9. SkipConnections must be from 0 to 8 (Levels − 1), but is 9. BaseWidth must be even and from 2 to 1024, "
            + "but is 3. Upsampling has no value 9.");
        Func<object> none = () => new UNet2D(new UNet2DOptions { Modalities = [], OutputChannels = 1 });
        none.Should().Throw<ArgumentException>().WithMessage("UNet2DOptions: Modalities must name at least one modality.");
        Func<object> absent = () => new UNet2D(new UNet2DOptions { Modalities = null!, OutputChannels = 1 });
        absent.Should().Throw<ArgumentException>().WithMessage("UNet2DOptions: Modalities must name at least one modality.");
    }

    private static UNet3DOptions Small3D(int modalities) => new()
    {
        Modalities = [.. new[] { "a", "b", "c" }.Take(modalities)],
        OutputChannels = 3,
        BaseWidth = 2,
        Levels = 3,
    };
}
