using FluentAssertions;
using KnowledgeDistillation.Networks.Layers;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

/// <summary>Our layers compute the same as torch's own, in other ways.</summary>
public class LayerTests
{
    [Theory]
    [InlineData(1, 4, 8, 8, 3, 1, "two halves, the shallowest there are")]
    [InlineData(1, 3, 12, 10, 3, 1, "two halves of odd channels")]
    [InlineData(1, 3, 9, 10, 3, 1, "an odd number of slices cannot be halved")]
    [InlineData(1, 4, 6, 8, 3, 1, "too shallow for halves")]
    [InlineData(1, 24, 30, 30, 3, 1, "large enough for oneDNN as a whole")]
    [InlineData(2, 4, 8, 8, 3, 1, "a batch of two")]
    [InlineData(1, 4, 8, 8, 1, 1, "size 1")]
    [InlineData(1, 4, 8, 8, 3, 2, "stride 2")]
    [InlineData(1, 4, 8, 8, 5, 1, "size 5")]
    public void A_convolution_and_its_gradients_are_torchs_own(long batch, long channels, long depth, long height, long kernel, long stride, string why)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using var own = new Convolution(3, channels, 5, kernel, stride);
        random.manual_seed(3);
        using var torchs = nn.Conv3d(channels, 5, kernel, stride: stride, padding: kernel / 2);
        own.state_dict().Keys.Should().Equal(torchs.state_dict().Keys);
        Gap(own.get_parameter("weight")!, torchs.weight).Should().Be(0, "the same seed gives the same weights");
        Gap(own.get_parameter("bias")!, torchs.bias!).Should().Be(0);

        Tensor input = randn([batch, channels, depth, height, height + 2]);
        RequireSameResultAndGradients(own, torchs, input, why);
    }

    [Fact]
    public void A_convolution_of_slices_is_torchs_own()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using var own = new Convolution(2, 4, 5, 3, bias: false);
        random.manual_seed(3);
        using var torchs = nn.Conv2d(4, 5, 3, padding: 1, bias: false);
        RequireSameResultAndGradients(own, torchs, randn([1, 4, 8, 10]), "slices");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_transposed_convolution_is_torchs_own(int dimensions)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using var own = new TransposedConvolution(dimensions, 4, 6);
        random.manual_seed(3);
        using nn.Module<Tensor, Tensor> torchs = dimensions == 2 ? nn.ConvTranspose2d(4, 6, 2, stride: 2) : nn.ConvTranspose3d(4, 6, 2, stride: 2);
        Gap(own.get_parameter("weight")!, torchs.get_parameter("weight")!).Should().Be(0);
        Gap(own.get_parameter("bias")!, torchs.get_parameter("bias")!).Should().Be(0);
        RequireSameResultAndGradients(own, torchs, randn([2, 4, .. Enumerable.Repeat(4L, dimensions)]), "doubled");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 8)]
    public void An_instance_norm_is_torchs_own(long batch, long channels)
    {
        using var scope = NewDisposeScope();
        using var own = new InstanceNorm(channels);
        using var torchs = nn.InstanceNorm3d(channels, affine: true);
        RequireSameResultAndGradients(own, torchs, (randn([batch, channels, 4, 6, 5]) * 3) + 2, "norm");
    }

    [Theory]
    [InlineData(new long[] { 1, 3, 2, 4, 6 })]
    [InlineData(new long[] { 2, 1, 5, 1, 3 })]
    [InlineData(new long[] { 2, 3, 4, 7 })]
    public void Linear_doubling_is_torchs_interpolation(long[] shape)
    {
        using var scope = NewDisposeScope();
        Tensor input = randn(shape).requires_grad_(true), same = input.detach().requires_grad_(true);
        Tensor own = LinearDoubling.Apply(input);
        Tensor torchs = nn.functional.interpolate(
            same,
            scale_factor: [.. Enumerable.Repeat(2.0, shape.Length - 2)],
            mode: shape.Length == 5 ? InterpolationMode.Trilinear : InterpolationMode.Bilinear,
            align_corners: false);
        Tensor gradient = randn_like(torchs);
        own.backward([gradient]);
        torchs.backward([gradient]);

        Gap(own, torchs).Should().BeLessThan(1e-6);
        Gap(input.grad!, same.grad!).Should().BeLessThan(1e-5);
    }

    private static void RequireSameResultAndGradients(nn.Module<Tensor, Tensor> own, nn.Module<Tensor, Tensor> torchs, Tensor values, string why)
    {
        Tensor input = values.detach().requires_grad_(true), same = values.detach().requires_grad_(true);
        Tensor result = own.call(input), expected = torchs.call(same);
        Tensor gradient = randn_like(expected);
        result.backward([gradient]);
        expected.backward([gradient]);

        result.shape.Should().Equal(expected.shape, why);
        Gap(result, expected).Should().BeLessThan(1e-5, why);
        Gap(input.grad!, same.grad!).Should().BeLessThan(1e-5, why);
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in own.named_parameters())
            Gap(parameter.grad!, torchs.get_parameter(name)!.grad!).Should().BeLessThan(1e-3, $"{name}: {why}");
    }

    private static double Gap(Tensor one, Tensor other) => (one - other).abs().max().item<float>();
}
