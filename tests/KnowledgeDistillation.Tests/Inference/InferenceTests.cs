using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Tests.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Inference;

public sealed class InferenceTests
{
    private static WholeVolumeInference Whole => new();

    [Fact]
    public void The_whole_volume_gives_the_networks_own_probabilities_where_the_size_fits()
    {
        using Batch spheres = Toy.Spheres(cases: 2);
        using UNet3D network = Toy.Student();
        using Tensor actual = Whole.Predict(network, Toy.Labels, spheres.Images);
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor expected = nn.functional.softmax(network.call(spheres.Images["faint"]), 1);
        Bytes(actual).Should().Equal(Bytes(expected));
        actual.requires_grad.Should().BeFalse();
    }

    [Fact]
    public void It_stops_between_two_passes_of_the_network_when_it_is_cancelled()
    {
        using Batch spheres = Toy.Spheres(cases: 1, size: 16);
        foreach (IInference inference in new IInference[] { Windows(8, 8, 8), new SliceInference(new SliceInferenceOptions { SlicesPerPass = 4 }) })
        {
            using CancellationTokenSource stop = new();
            using var network = new StoppingNetwork(stop, slices: inference is SliceInference);

            inference.Invoking(it => it.Predict(network, Toy.Labels, spheres.Images, stop.Token)).Should().Throw<OperationCanceledException>();

            network.Passes.Should().Be(2, $"the second pass of {inference} was the last");
        }

        Whole.Invoking(it => it.Predict(Toy.Student(), Toy.Labels, spheres.Images, new CancellationToken(true))).Should().Throw<OperationCanceledException>();
    }

    [Theory]
    [InlineData(4, 2, 2)]
    [InlineData(2, 6, 2)]
    public void A_size_that_the_network_takes_is_not_padded_even_where_one_length_is_the_smallest(long depth, long height, long width)
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Student();
        Tensor image = randn([1, 1, depth, height, width]);
        Tensor actual = Whole.Predict(network, Toy.Labels, new ModalityImages(("faint", image)));
        Bytes(actual).Should().Equal(Bytes(nn.functional.softmax(network.call(image), 1)));
    }

    [Theory]
    [InlineData(5, 7, 9)]
    [InlineData(1, 1, 1)]
    [InlineData(2, 2, 2)]
    [InlineData(8, 9, 8)]
    public void A_size_that_does_not_fit_is_padded_with_zeros_and_cropped_back_to_the_same_voxels(long depth, long height, long width)
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Student();
        long[] size = [depth, height, width];
        Tensor image = randn([2, 1, .. size]);
        Tensor actual = Whole.Predict(network, Toy.Labels, new ModalityImages(("faint", image)));

        // Half of the padding before, the rest behind.
        long[] padded = [.. size.Select(length => (length + 1) / 2 * 2)];
        if (padded.All(length => length == 2))
            padded = [4, 4, 4];
        long[] before = [.. size.Select((length, axis) => (padded[axis] - length) / 2)];
        Tensor canvas = zeros([2, 1, .. padded]);
        Crop(canvas).copy_(image);
        using IDisposable noGradient = no_grad();
        Bytes(actual).Should().Equal(Bytes(Crop(nn.functional.softmax(network.call(canvas), 1))));

        Tensor Crop(Tensor tensor)
        {
            for (int axis = 0; axis < 3; axis++)
                tensor = tensor.narrow(axis + 2, before[axis], size[axis]);
            return tensor;
        }
    }

    [Fact]
    public void One_window_gives_the_same_as_the_whole_volume()
    {
        using Batch spheres = Toy.Spheres(cases: 2);
        using UNet3D network = Toy.Student();
        using Tensor whole = Whole.Predict(network, Toy.Labels, spheres.Images);
        using Tensor windows = Windows(8, 8, 8).Predict(network, Toy.Labels, spheres.Images);
        windows.allclose(whole, rtol: 1e-5, atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void Images_smaller_than_the_window_are_padded_as_in_the_whole_volume()
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Student();
        var images = new ModalityImages(("faint", randn([1, 1, 3, 8, 5])));
        Tensor windows = Windows(4, 8, 6).Predict(network, Toy.Labels, images);
        windows.shape.Should().Equal(1, 2, 3, 8, 5);
        windows.allclose(Whole.Predict(network, Toy.Labels, images), rtol: 1e-5, atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void Every_voxel_is_covered_and_a_network_that_looks_at_single_voxels_gives_the_same_by_windows_as_whole() =>
        Gen.Select(Gen.Long[1, 13].Array[3], Gen.Long[1, 6].Array[3], Gen.Double[0, 0.95], Gen.Double[0.01, 1]).Sample(
            (size, window, overlap, width) =>
            {
                using var scope = NewDisposeScope();
                using var network = new VoxelNetwork();
                var images = new ModalityImages(("faint", randn([1, 1, .. size])));
                var inference = new SlidingWindowInference(new SlidingWindowOptions { WindowSize = window, Overlap = overlap, GaussianWidth = width });
                Tensor windows = inference.Predict(network, Toy.Labels, images);
                windows.shape.Should().Equal([1, 2, .. size]);
                windows.isfinite().all().item<bool>().Should().BeTrue();
                windows.allclose(Whole.Predict(network, Toy.Labels, images), rtol: 1e-4, atol: 1e-5).Should().BeTrue();
            },
            iter: 60);

    [Fact]
    public void A_network_with_a_constant_output_gives_constant_probabilities()
    {
        using var scope = NewDisposeScope();
        using var network = new ConstantNetwork(logit: 0);
        var images = new ModalityImages(("faint", randn([1, 1, 7, 9, 11])));
        Tensor half = Windows(4, 4, 4).Predict(network, Toy.Labels, images);
        half.eq(0.5).all().item<bool>().Should().BeTrue();

        using var uneven = new ConstantNetwork(logit: 1);
        float expected = (float)(1 / (1 + Math.E));
        Tensor other = Windows(4, 4, 4).Predict(uneven, Toy.Labels, images);
        (other.select(1, 0) - expected).abs().max().item<float>().Should().BeLessThan(1e-6f);
    }

    [Fact]
    public void The_middle_of_a_window_counts_more_than_its_edge()
    {
        using var scope = NewDisposeScope();
        using var network = new CountingNetwork();
        // Two windows of 4 over a length of 6: the first says class 0, the second class 1.
        Tensor probabilities = Windows(4, 4, 4).Predict(network, Toy.Labels, new ModalityImages(("faint", zeros([1, 1, 6, 4, 4]))));
        float[] second = [.. Enumerable.Range(0, 6).Select(i => probabilities[0, 1, i, 2, 2].item<float>())];
        network.Calls.Should().Be(2);
        second[..2].Should().OnlyContain(p => p < 1e-3);
        second[4..].Should().OnlyContain(p => p > 1 - 1e-3);
        // Voxel 2 is the third of the first window and the first of the second: weights exp(-(0.5/0.5)²/2) and exp(-(1.5/0.5)²/2).
        double expected = Math.Exp(-4.5) / (Math.Exp(-4.5) + Math.Exp(-0.5));
        second[2].Should().BeApproximately((float)expected, 1e-4f);
        second[3].Should().BeApproximately((float)(1 - expected), 1e-4f);
    }

    [Fact]
    public void Windows_without_content_are_background_without_asking_the_network_if_that_is_wished()
    {
        using var scope = NewDisposeScope();
        var options = new SlidingWindowOptions { WindowSize = [4, 4, 4], Overlap = 0 };
        Tensor first = zeros([1, 1, 12, 4, 4]), second = zeros([1, 1, 12, 4, 4]);
        first[0, 0, 11, 3, 3] = -1e-30f;
        second[0, 0, 0, 0, 0] = float.NaN;
        // One case of the batch has something in the last window, the other in the first.
        var images = new ModalityImages(("faint", cat([first, second], 0)));

        using var asked = new ConstantNetwork(logit: 0);
        new SlidingWindowInference(options).Predict(asked, Toy.Labels, images).eq(0.5).all().item<bool>()
            .Should().BeTrue("windows are only skipped where that is wished");
        asked.Calls.Should().Be(3);

        using var network = new ConstantNetwork(logit: 0);
        Tensor probabilities = new SlidingWindowInference(options with { SkipBackground = true }).Predict(network, Toy.Labels, images);
        network.Calls.Should().Be(2);
        probabilities.narrow(2, 0, 4).eq(0.5).all().item<bool>().Should().BeTrue();
        probabilities.narrow(2, 8, 4).eq(0.5).all().item<bool>().Should().BeTrue();
        probabilities.narrow(2, 4, 4).select(1, 0).eq(1).all().item<bool>().Should().BeTrue();
        probabilities.narrow(2, 4, 4).select(1, 1).eq(0).all().item<bool>().Should().BeTrue();

        var regions = new OverlappingRegions([new Region("whole", 1, 2), new Region("core", 2)], [1, 2]);
        using var other = new ConstantNetwork(logit: 0);
        Tensor ofRegions = new SlidingWindowInference(options with { SkipBackground = true }).Predict(other, regions, images);
        ofRegions.narrow(2, 0, 4).eq(0.5).all().item<bool>().Should().BeTrue();
        ofRegions.narrow(2, 4, 4).eq(0).all().item<bool>().Should().BeTrue("background belongs to no region");
    }

    [Fact]
    public void A_skipped_window_is_blended_as_if_the_network_had_answered_background()
    {
        using var scope = NewDisposeScope();
        // Two windows of 4 over a length of 6, with the one voxel that is not 0 in the second only.
        Tensor image = zeros([1, 1, 6, 4, 4]);
        image[0, 0, 5, 2, 2] = 1;
        using var network = new ConstantNetwork(logit: 0);
        var inference = new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [4, 4, 4], SkipBackground = true });
        Tensor foreground = inference.Predict(network, Toy.Labels, new ModalityImages(("faint", image)))[0, 1];
        network.Calls.Should().Be(1);
        foreground[0, 2, 2].item<float>().Should().Be(0);
        foreground[5, 2, 2].item<float>().Should().Be(0.5f);
        // Voxel 2 is the third of the skipped window and the first of the other: weights exp(-(0.5/0.5)²/2) and exp(-(1.5/0.5)²/2).
        double expected = 0.5 * Math.Exp(-4.5) / (Math.Exp(-4.5) + Math.Exp(-0.5));
        foreground[2, 2, 2].item<float>().Should().BeApproximately((float)expected, 1e-4f);
    }

    [Fact]
    public void Windows_and_slices_of_mixed_precision_differ_by_rounding_from_those_of_full_precision()
    {
        using var scope = NewDisposeScope();
        using UNet3D volumes = Toy.Student();
        using var slices = new UNet2D(new UNet2DOptions { Modalities = ["faint"], OutputChannels = 2, BaseWidth = 2, Levels = 3 });
        var images = new ModalityImages(("faint", randn([1, 1, 8, 8, 8])));
        ShouldDifferByRounding(volumes, precision => new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [4, 4, 4], Precision = precision }));
        ShouldDifferByRounding(slices, precision => new SliceInference(new SliceInferenceOptions { Precision = precision }));

        void ShouldDifferByRounding(IEncoderDecoder network, Func<Precision, IInference> inference)
        {
            Tensor full = inference(Precision.Full).Predict(network, Toy.Labels, images);
            Tensor mixed = inference(Precision.Mixed).Predict(network, Toy.Labels, images);
            mixed.dtype.Should().Be(ScalarType.Float32);
            (mixed - full).abs().max().item<float>().Should().BeInRange(1e-7f, 0.05f);
        }
    }

    [Fact]
    public void Slices_work_as_volumes_do()
    {
        using var scope = NewDisposeScope();
        using var network = new UNet2D(new UNet2DOptions { Modalities = ["faint"], OutputChannels = 2, BaseWidth = 2, Levels = 3 });
        var images = new ModalityImages(("faint", randn([3, 1, 13, 8])));
        Whole.Predict(network, Toy.Labels, images).shape.Should().Equal(3, 2, 13, 8);
        Windows(8, 8).Predict(network, Toy.Labels, images).shape.Should().Equal(3, 2, 13, 8);
        Windows(16, 8).Predict(network, Toy.Labels, images).allclose(Whole.Predict(network, Toy.Labels, images), rtol: 1e-5, atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void A_window_that_fits_neither_network_nor_images_is_refused_with_the_reason()
    {
        using Batch spheres = Toy.Spheres(cases: 1);
        using UNet3D network = Toy.Student();
        FluentActions.Invoking(() => Windows(8, 7, 8).Predict(network, Toy.Labels, spheres.Images)).Should().Throw<ArgumentException>()
            .WithMessage("*8×7×8*multiple of 2*");
        FluentActions.Invoking(() => Windows(2, 2, 2).Predict(network, Toy.Labels, spheres.Images)).Should().Throw<ArgumentException>()
            .WithMessage("*2×2×2*4×4×4*");
        FluentActions.Invoking(() => Windows(8, 8).Predict(network, Toy.Labels, spheres.Images)).Should().Throw<ArgumentException>()
            .WithMessage("*2 lengths*3 spatial axes*");
        FluentActions.Invoking(() => new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [0], Overlap = 1, GaussianWidth = 0 }))
            .Should().Throw<ArgumentException>().WithMessage("*WindowSize*Overlap*GaussianWidth*");
        network.training.Should().BeTrue("a refusal changes nothing");
        is_grad_enabled().Should().BeTrue();
    }

    [Fact]
    public void The_student_needs_its_one_modality_only_and_says_when_it_is_missing()
    {
        using Batch spheres = Toy.Spheres(cases: 1);
        using UNet3D student = Toy.Student();
        foreach (IInference inference in new IInference[] { Whole, Windows(4, 4, 4) })
        {
            using Tensor all = inference.Predict(student, Toy.Labels, spheres.Images);
            using Tensor own = inference.Predict(student, Toy.Labels, spheres.Images.Only("faint"));
            Bytes(own).Should().Equal(Bytes(all));
            FluentActions.Invoking(() => inference.Predict(student, Toy.Labels, spheres.Images.Only("bright")))
                .Should().Throw<ArgumentException>().WithMessage("*faint*bright*");
        }

        using UNet3D teacher = Toy.Teacher();
        FluentActions.Invoking(() => Whole.Predict(teacher, Toy.Labels, spheres.Images.Only("faint"))).Should().Throw<ArgumentException>()
            .WithMessage("*'bright' is missing*faint*");
    }

    [Fact]
    public void The_result_does_not_depend_on_the_training_mode_and_each_modules_mode_is_put_back()
    {
        using Batch spheres = Toy.Spheres(cases: 1);
        using ModuleAdapter network = Toy.NetworkWithBuffers(seed: 1, dropout: 0.5, "faint");
        nn.Module norm = network.Module.named_modules().Single(named => named.name == "norm").module;
        byte[] bits = Toy.Bits(network);
        foreach (IInference inference in new IInference[] { Whole, Windows(4, 4, 4) })
        {
            network.Module.eval();
            using Tensor evaluating = inference.Predict(network, Toy.Labels, spheres.Images);
            network.Module.training.Should().BeFalse();

            network.Module.train();
            norm.eval();
            using Tensor training = inference.Predict(network, Toy.Labels, spheres.Images);
            Bytes(training).Should().Equal(Bytes(evaluating));
            network.Module.training.Should().BeTrue();
            network.Module.named_modules().Single(named => named.name == "dropout").module.training.Should().BeTrue();
            norm.training.Should().BeFalse("the user froze it");
        }

        Toy.Bits(network).Should().Equal(bits);
        is_grad_enabled().Should().BeTrue();
    }

    [Fact]
    public void Nothing_but_the_result_is_left_behind()
    {
        using Batch spheres = Toy.Spheres(cases: 1);
        using UNet3D network = Toy.Student();
        foreach (IInference inference in new IInference[] { Whole, Windows(6, 6, 6) })
        {
            inference.Predict(network, Toy.Labels, spheres.Images).Dispose();
            Tensor? result = null;
            LiveTensors.LeftBy(() => result = inference.Predict(network, Toy.Labels, spheres.Images)).Should().Be(1);
            result!.Dispose();
        }
    }

    private static SlidingWindowInference Windows(params long[] size) => new(new SlidingWindowOptions { WindowSize = size });

    private static byte[] Bytes(Tensor tensor)
    {
        using Tensor contiguous = tensor.detach().contiguous();
        return contiguous.bytes.ToArray();
    }

    // Base of networks made for these tests, which have no parameters that matter.
    private abstract class TestNetwork : IEncoderDecoder
    {
        public nn.Module Module { get; } = nn.Identity();

        public IReadOnlyList<string> Modalities => ["faint"];

        public int OutputChannels => 2;

        public EncoderOutput Encode(ModalityImages images) => new(images["faint"]);

        public abstract Tensor Decode(EncoderOutput encoding);

        public void Dispose() => Module.Dispose();
    }

    private sealed class VoxelNetwork : TestNetwork
    {
        public override Tensor Decode(EncoderOutput encoding) => cat([encoding.Bottleneck, -2 * encoding.Bottleneck], 1);
    }

    private sealed class ConstantNetwork(double logit) : TestNetwork
    {
        public int Calls { get; private set; }

        public override Tensor Decode(EncoderOutput encoding)
        {
            Calls++;
            return cat([zeros_like(encoding.Bottleneck), full_like(encoding.Bottleneck, logit)], 1);
        }
    }

    private sealed class CountingNetwork : TestNetwork
    {
        public int Calls { get; private set; }

        public override Tensor Decode(EncoderOutput encoding)
        {
            double sign = Calls++ == 0 ? -1 : 1;
            return cat([zeros_like(encoding.Bottleneck), full_like(encoding.Bottleneck, 20 * sign)], 1);
        }
    }
}
