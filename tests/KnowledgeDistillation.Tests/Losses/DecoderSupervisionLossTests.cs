using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public sealed class DecoderSupervisionLossTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    private static readonly ExclusiveClasses Labels = new("background", "tumor");

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Each_level_is_compared_with_the_reference_in_its_own_resolution_and_counts_half_of_the_one_above()
    {
        using var loss = new DecoderSupervisionLoss([1, 1], 2, spatialDimensions: 2);
        SetHeads(loss);
        // Of each block of 2 × 2, and of 4 × 4, the voxel of its lowest corner is compared.
        Tensor reference = tensor(new long[,] { { 1, 0, 0, 0 }, { 0, 0, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 0 } }).unsqueeze(0);
        Tensor level1 = tensor(new float[,] { { 2, -1 }, { 0.5f, 3 } }).view(1, 1, 2, 2), level2 = tensor(new[] { 0.25f }).view(1, 1, 1, 1);

        double value = loss.Compute(Context(reference, level1, level2)).item<float>();

        // The logits are 0 and the feature, so that p = sigmoid(feature) is the probability of a tumor.
        double first = Expected([2, -1, 0.5, 3], [1, 0, 0, 1]), second = Expected([0.25], [1]);
        value.Should().BeApproximately((first / 2) + (second / 4), 1e-6);
    }

    [Fact]
    public void It_teaches_the_decoder_down_to_its_levels_and_its_own_convolutions_and_leaves_the_rest_alone()
    {
        using UNet3D network = Network();
        using var loss = DecoderSupervisionLoss.For(network, levels: 1);
        NetworkOutput output = NetworkOutput.Of(network, Images(8), loss.StudentFeatures);

        loss.Compute(new DistillationContext(new Batch(Images(8), zeros([1, 8, 8, 8], ScalarType.Int64), ["case"]), Labels, output)).backward();

        Learns(network, "decoder.0").Should().BeTrue();
        Learns(network, "encoder.0").Should().BeTrue();
        Learns(network, "decoder.1").Should().BeFalse("it works at the full resolution");
        Learns(network, "head").Should().BeFalse();
        loss.Module.parameters().Should().OnlyContain(parameter => parameter.grad!.abs().sum().item<float>() > 0);
    }

    [Theory]
    [InlineData(5, null, 2)]
    [InlineData(4, null, 1)]
    [InlineData(3, null, 1)]
    [InlineData(2, null, 0)]
    [InlineData(5, 3, 3)]
    public void All_levels_of_the_decoder_but_the_coarsest_are_supervised_by_default(int levels, int? asked, int supervised)
    {
        using UNet3D network = Network(levels);
        string before = string.Join(' ', network.state_dict().Values.Select(value => value.sum().item<float>()));
        network.train();
        Func<DecoderSupervisionLoss> make = () => DecoderSupervisionLoss.For(network, asked);
        if (supervised == 0)
        {
            make.Should().Throw<ArgumentException>().WithMessage("1 levels below the full resolution are to be supervised, but the decoder of UNet3D gives*");
            return;
        }

        using DecoderSupervisionLoss loss = make();

        loss.StudentFeatures.Should().Equal(Enumerable.Range(1, supervised).Select(level => $"level {level}"));
        loss.ToString().Should().Contain(string.Join(", ", Enumerable.Range(1, supervised).Select(level => 4 << level)) + " to 2");
        network.training.Should().BeTrue();
        string.Join(' ', network.state_dict().Values.Select(value => value.sum().item<float>())).Should().Be(before);
    }

    [Fact]
    public void Ignored_voxels_count_in_no_resolution()
    {
        using var loss = new DecoderSupervisionLoss([1], 2, spatialDimensions: 2);
        SetHeads(loss);
        Tensor reference = tensor(new long[,] { { 1, 0, 0, 0 }, { 0, 0, 0, 0 }, { LabelScheme.Ignored, 0, 0, 0 }, { 0, 0, 0, 0 } }).unsqueeze(0);
        Tensor features = tensor(new float[,] { { 2, -1 }, { 0.5f, 3 } }).view(1, 1, 2, 2);
        Tensor other = tensor(new float[,] { { 2, -1 }, { -7, 3 } }).view(1, 1, 2, 2);

        float value = loss.Compute(Context(reference, features)).item<float>(), changed = loss.Compute(Context(reference, other)).item<float>();

        changed.Should().Be(value);
    }

    [Fact]
    public void Widths_that_are_not_the_networks_are_named()
    {
        using var loss = new DecoderSupervisionLoss([3], 2, spatialDimensions: 2);
        Action compute = () => loss.Compute(Context(zeros([1, 4, 4], ScalarType.Int64), zeros([1, 1, 2, 2])));

        compute.Should().Throw<ArgumentException>().WithMessage(
            "The features 'level 1' of the student's decoder have the shape [1, 1, 2, 2], but this loss was made for 3 channels and 2 spatial dimensions.");
    }

    private static bool Learns(UNet3D network, string part) => network.named_parameters()
        .Where(parameter => parameter.name.StartsWith(part, StringComparison.Ordinal))
        .Any(parameter => parameter.parameter.grad is { } gradient && gradient.abs().sum().item<float>() > 0);

    private static UNet3D Network(int levels = 3) => new(new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 2, BaseWidth = 4, Levels = levels });

    private static ModalityImages Images(int edge) => new([KeyValuePair.Create("t1ce", randn([1, 1, edge, edge, edge]))]);

    private static void SetHeads(DecoderSupervisionLoss loss)
    {
        using IDisposable noGradient = no_grad();
        foreach (TorchSharp.Modules.Parameter parameter in loss.Module.parameters())
            parameter.copy_(parameter.dim() == 1 ? zeros(2) : tensor(new float[] { 0, 1 }).view(parameter.shape));
    }

    // The student's logits decide nothing here.
    private static DistillationContext Context(Tensor reference, params Tensor[] features)
    {
        long[] size = reference.shape[1..];
        var images = new ModalityImages([KeyValuePair.Create("t1ce", zeros([1, 1, .. size]))]);
        var output = new NetworkOutput(new EchoNetwork(), new EncoderOutput(zeros([1, 1, .. size])), zeros([1, 2, .. size]))
        {
            DecoderFeatures = features.Select((feature, index) => KeyValuePair.Create($"level {index + 1}", feature)).ToDictionary(),
        };
        return new DistillationContext(new Batch(images, reference, ["case"]), Labels, output);
    }

    private static double Expected(double[] features, double[] tumor)
    {
        double[] probabilities = [.. features.Select(feature => 1 / (1 + Math.Exp(-feature)))];
        double crossEntropy = probabilities.Zip(tumor, (p, y) => -Math.Log(y > 0 ? p : 1 - p)).Average();
        return crossEntropy + 1 - ((Dice(probabilities, tumor) + Dice([.. probabilities.Select(p => 1 - p)], [.. tumor.Select(y => 1 - y)])) / 2);
    }

    private static double Dice(double[] p, double[] y) => ((2 * p.Zip(y, (a, b) => a * b).Sum()) + 1e-5) / (p.Sum() + y.Sum() + 1e-5);
}
