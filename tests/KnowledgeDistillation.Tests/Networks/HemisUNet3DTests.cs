using FluentAssertions;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Networks;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class HemisUNet3DTests
{
    [Fact]
    public void The_default_has_as_many_parameters_as_the_published_weights()
    {
        using var network = new HemisUNet3D(new HemisUNet3DOptions { Modalities = HeteroModal.Modalities, OutputChannels = 4 });

        // Norms of two parameters per channel, convolutions without bias.
        static long Block(long inputs, long middle, long outputs) => (2 * inputs) + (27 * inputs * middle) + (2 * middle) + (27 * middle * outputs);
        long encoder = 8 + Block(8, 8, 4) + Block(4, 16, 8) + Block(8, 32, 16) + Block(16, 64, 32);
        long decoder = Block(64 + 32, 32, 16) + Block(16 + 16, 16, 8) + Block(8 + 8, 8, 4) + (4 * 4);

        network.parameters().Sum(parameter => parameter.numel()).Should().Be((4 * encoder) + decoder).And.Be(565_888);
        network.SizeMultiple.Should().Be(8);
        network.state_dict().Should().HaveCount((4 * (1 + (4 * 6))) + (3 * 6) + 1);
        network.get_parameter("encoders.3.levels.2.convolution2.weight")!.shape.Should().Equal(16, 32, 3, 3, 3);
    }

    [Fact]
    public void Mean_and_population_variance_are_those_computed_by_hand()
    {
        using var scope = NewDisposeScope();
        Tensor fused = HemisUNet3D.MeanAndVariance(
            [tensor(new[] { 1f, 5f }).reshape(1, 2), tensor(new[] { 4f, 5f }).reshape(1, 2), tensor(new[] { 7f, 8f }).reshape(1, 2)]);
        // Variances over 3, not over 2: (9 + 0 + 9) / 3 and (1 + 1 + 4) / 3.
        fused.data<float>().ToArray().Should().Equal(4f, 6f, 6f, 2f);

        HemisUNet3D.MeanAndVariance([tensor(new[] { 0.1f, -3.7f }).reshape(1, 2)]).data<float>().ToArray()
            .Should().Equal([0.1f, -3.7f, 0f, 0f], "one modality has no variance");
    }

    [Fact]
    public void Every_level_is_fused_from_the_features_of_each_modality()
    {
        using var scope = NewDisposeScope();
        using var network = (HemisUNet3D)HeteroModal.Network("U-HeMIS");
        network.eval();
        EncoderOutput Encode(params string[] names) => network.Encode(HeteroModal.Images(names));
        for (int level = 0; level < 2; level++)
        {
            Tensor[] halves = Encode("t1", "flair").Levels[level].chunk(2, 1);
            (Tensor first, Tensor second) = (Encode("t1").Levels[level].chunk(2, 1)[0], Encode("flair").Levels[level].chunk(2, 1)[0]);
            halves[0].shape.Should().Equal([2, 2 << level, .. level == 0 ? new long[] { 8, 8, 12 } : [4, 4, 6]]);
            halves[0].allclose((first + second) / 2, atol: 1e-6).Should().BeTrue();
            halves[1].allclose(((first - second) / 2).square(), rtol: 1e-4, atol: 1e-6).Should().BeTrue();
            Encode("t1").Levels[level].chunk(2, 1)[1].count_nonzero().item<long>().Should().Be(0);
        }
    }

    [Fact]
    public void A_level_is_norm_leaky_relu_and_convolution_twice()
    {
        using var scope = NewDisposeScope();
        using var network = (HemisUNet3D)HeteroModal.Network("U-HeMIS");
        network.eval();
        ModalityImages images = HeteroModal.Images("t1ce");
        Tensor features = Leaky(nn.functional.conv3d(images["t1ce"], Weight("enter")));
        Tensor first = Half(Half(features, 0, 1), 0, 2);
        Tensor second = Half(Half(nn.functional.max_pool3d(first, [2, 2, 2]), 1, 1), 1, 2);

        EncoderOutput found = network.Encode(images);
        found.Levels[0].chunk(2, 1)[0].allclose(first, rtol: 1e-4, atol: 1e-5).Should().BeTrue();
        found.Levels[1].chunk(2, 1)[0].allclose(second, rtol: 1e-4, atol: 1e-5).Should().BeTrue();

        Tensor Weight(string name) => network.get_parameter($"encoders.1.{name}.weight")!;
        static Tensor Leaky(Tensor input) => maximum(input, 0.01 * input);
        Tensor Half(Tensor input, int level, int number)
        {
            Tensor centered = input - input.mean([2, 3, 4], keepdim: true);
            Tensor normalized = centered / (centered.square().mean([2, 3, 4], keepdim: true) + 1e-5).sqrt();
            return nn.functional.conv3d(Leaky(normalized), Weight($"levels.{level}.convolution{number}"), padding: [1, 1, 1]);
        }
    }

    [Fact]
    public void Encoders_of_modalities_that_were_not_drawn_do_not_run()
    {
        using IEncoderDecoder network = HeteroModal.Network("U-HeMIS");
        network.Module.train();
        HashSet<int> counts = [];
        for (int seed = 0; seed < 12; seed++)
        {
            using var scope = NewDisposeScope();
            foreach (Parameter parameter in network.Module.parameters())
                parameter.grad = null;
            manual_seed(seed);
            int expected = ModalitySubset.Draw(HeteroModal.Modalities).Count;
            manual_seed(seed);
            NetworkOutput.Of(network, HeteroModal.Images(HeteroModal.Modalities)).Logits.square().sum().backward();
            int run = Enumerable.Range(0, 4).Count(index => network.Module.get_parameter($"encoders.{index}.levels.1.convolution2.weight")!.grad is not null);
            run.Should().Be(expected);
            counts.Add(run);
        }

        counts.Should().HaveCountGreaterThan(2);
    }

    [Fact]
    public void Every_fault_of_the_options_is_named_at_once()
    {
        Action make = () => new HemisUNet3DOptions { Modalities = ["a", "a", ""], OutputChannels = 0, BaseWidth = 3, Levels = 1 }.Build();
        make.Should().Throw<ArgumentException>().WithMessage(
            "HemisUNet3DOptions: Modalities must name each modality once. Modalities must not hold an empty name. "
                + "OutputChannels must be from 1 to 1024, but is 0. "
                + "BaseWidth must be even and from 2 to 1024, but is 3. Levels must be from 2 to 8, but is 1.");
    }
}
