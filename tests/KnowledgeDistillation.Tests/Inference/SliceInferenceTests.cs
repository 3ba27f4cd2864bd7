using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Seams;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Inference;

public sealed class SliceInferenceTests
{
    [Theory]
    [InlineData(0, 16, 4, 8, 6)]
    [InlineData(1, 3, 4, 7, 6)]
    [InlineData(2, 1, 4, 8, 3)]
    public void Probabilities_are_those_of_each_slice_alone_along_any_axis_and_in_chunks_of_any_size(
        int axis,
        int slicesPerPass,
        long depth,
        long height,
        long width)
    {
        using var scope = NewDisposeScope();
        using UNet2D network = Network(seed: 1, "faint");
        var images = new ModalityImages(("faint", randn([2, 1, depth, height, width])));
        Tensor actual = new SliceInference(new SliceInferenceOptions { Axis = axis, SlicesPerPass = slicesPerPass }).Predict(network, Toy.Labels, images);
        actual.shape.Should().Equal(2, 2, depth, height, width);
        actual.requires_grad.Should().BeFalse();
        actual.is_contiguous().Should().BeTrue();
        for (long number = 0; number < 2; number++)
        {
            for (long slice = 0; slice < images.SpatialSize[axis]; slice++)
            {
                Tensor expected = new WholeVolumeInference()
                    .Predict(network, Toy.Labels, images.Select(image => image.narrow(0, number, 1).select(axis + 2, slice)));
                actual.narrow(0, number, 1).select(axis + 2, slice).allclose(expected, rtol: 1e-5, atol: 1e-6).Should().BeTrue();
            }
        }
    }

    [Fact]
    public void Volumes_are_segmented_slice_by_slice_without_being_told_where_a_users_own_network_sees_slices()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var network = new SliceNetwork();
        using var adapter = new ModuleAdapter(
            nn.Sequential(("bottleneck", nn.Conv2d(1, 4, 3, padding: 1)), ("leave", nn.Conv2d(4, 2, 1))), ["faint"], 2, "bottleneck", spatialDimensions: 2);
        using var slices = Network(seed: 1, "faint");
        var images = new ModalityImages(("faint", randn([2, 1, 4, 8, 8])));
        foreach (IEncoderDecoder each in new IEncoderDecoder[] { network, adapter, slices, new EnsembleNetwork([network], Toy.Labels) })
        {
            each.SpatialDimensions.Should().Be(2);
            var model = new SegmentationModel(each, Toy.Labels);
            Tensor expected = new SliceInference().Predict(each, Toy.Labels, images);
            model.PredictProbabilities(images).bytes.ToArray().Should().Equal(expected.bytes.ToArray());
            model.Predict(images).shape.Should().Equal(2, 4, 8, 8);
            model.Predict(images.Select(image => image.select(2, 0))).shape.Should().Equal([2, 8, 8], "slices are segmented as they are");
        }
    }

    [Fact]
    public void A_network_that_does_not_say_what_it_sees_sees_volumes()
    {
        using UNet3D volumes = Toy.Student();
        using var slices = new SliceNetwork();
        ((IEncoderDecoder)new EchoNetwork()).SpatialDimensions.Should().Be(3);
        ((IEncoderDecoder)volumes).SpatialDimensions.Should().Be(3);
        FluentActions.Invoking(() => new EnsembleNetwork([volumes, slices], Toy.Labels)).Should().Throw<ArgumentException>()
            .WithMessage("*Some members see slices and others volumes*");
    }

    [Fact]
    public void Slices_whose_size_does_not_fit_are_padded_and_cropped_back()
    {
        using var scope = NewDisposeScope();
        using UNet2D network = Network(seed: 1, "faint");
        Tensor image = randn([1, 1, 3, 5, 7]);
        Tensor actual = new SliceInference().Predict(network, Toy.Labels, new ModalityImages(("faint", image)));
        actual.shape.Should().Equal(1, 2, 3, 5, 7);

        Tensor canvas = zeros([3, 1, 8, 8]);
        canvas.narrow(2, 1, 5).narrow(3, 0, 7).copy_(image.squeeze(0).transpose(0, 1));
        using IDisposable noGradient = no_grad();
        Tensor expected = nn.functional.softmax(network.call(canvas), 1).narrow(2, 1, 5).narrow(3, 0, 7).transpose(0, 1).unsqueeze(0);
        actual.allclose(expected, rtol: 1e-5, atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void A_student_for_slices_learns_from_a_teacher_for_slices_on_volumes_and_segments_volumes()
    {
        using Batch spheres = Toy.Spheres();
        using UNet2D teacher = Network(seed: 1, Toy.Modalities);
        using UNet2D student = Network(seed: 2, "faint");
        var training = new SliceBatchSource(Toy.Source(spheres));
        var options = new TrainingOptions { Epochs = 8, LearningRate = 1e-2 };
        new SupervisedTrainer(teacher, Toy.Labels, options).Fit(training);
        byte[] before = Toy.Bits(teacher);
        TrainingResult result = new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options).Fit(training, training);

        Toy.Bits(teacher).Should().Equal(before);
        result.History[^1].Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        using var scope = NewDisposeScope();
        Tensor segmented = new SegmentationModel(student, Toy.Labels).Predict(spheres.Images.Only("faint"), new SliceInference());
        segmented.shape.Should().Equal(spheres.Labels.shape);
        segmented.eq(spheres.Labels).to(ScalarType.Float32).mean().item<float>().Should().BeGreaterThan(0.8f);
    }

    [Fact]
    public void The_networks_training_mode_is_put_back_and_no_tensor_is_left_behind()
    {
        using UNet2D network = Network(seed: 1, "faint");
        network.train();
        using Tensor image = randn([1, 1, 5, 8, 8]);
        var images = new ModalityImages(("faint", image));
        Predict();
        LiveTensors.LeftBy(() =>
        {
            for (int i = 0; i < 3; i++)
                Predict();
        }).Should().Be(0);
        network.training.Should().BeTrue();

        void Predict()
        {
            new SliceInference(new SliceInferenceOptions { SlicesPerPass = 2 }).Predict(network, Toy.Labels, images).Dispose();
        }
    }

    [Fact]
    public void What_is_no_volume_and_what_is_missing_is_refused()
    {
        using var scope = NewDisposeScope();
        using UNet2D network = Network(seed: 1, "faint");
        var inference = new SliceInference();
        FluentActions.Invoking(() => inference.Predict(network, Toy.Labels, new ModalityImages(("faint", zeros([1, 1, 8, 8])))))
            .Should().Throw<ArgumentException>()
            .WithMessage("Only volumes [N, C, D, H, W] can be segmented slice by slice, but the spatial size of the images is 8×8.*");
        FluentActions.Invoking(() => inference.Predict(network, Toy.Labels, new ModalityImages(("bright", zeros([1, 1, 4, 8, 8])))))
            .Should().Throw<ArgumentException>().WithMessage("*faint*bright*");
        FluentActions.Invoking(() => new SliceInference(new SliceInferenceOptions { Axis = 3, SlicesPerPass = 0 }))
            .Should().Throw<ArgumentException>()
            .WithMessage("SliceInferenceOptions: Axis must be from 0 to 2, but is 3. SlicesPerPass must be at least 1, but is 0.");
    }

    private static UNet2D Network(long seed, params string[] modalities)
    {
        manual_seed(seed);
        return new UNet2D(new UNet2DOptions { Modalities = modalities, OutputChannels = 2, BaseWidth = 4, Levels = 3 });
    }
}
