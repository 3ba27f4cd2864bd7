using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public sealed class SharedLevelsTests : IDisposable
{
    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose() => _spheres.Dispose();

    [Theory]
    [InlineData("unet", 1, "encoder.2")]
    [InlineData("unet", 2, "encoder.1 encoder.2 decoder.0")]
    [InlineData("multires", 1, "encoder.2")]
    [InlineData("multires", 2, "encoder.1 encoder.2 decoder.0")]
    public void All_that_works_at_the_lowest_resolutions_is_the_teachers_own(string kind, int levels, string blocks)
    {
        using UShapedNetwork teacher = Network(kind, seed: 1, Toy.Modalities);
        using UShapedNetwork student = Network(kind, seed: 2, "faint");
        string[] names = [.. student.state_dict().Keys];
        student.ShareDeepestLevels(new FrozenTeacher(teacher), levels);

        Dictionary<string, Tensor> teachers = teacher.state_dict();
        student.state_dict().Keys.Should().Equal(names, "a checkpoint must not look different");
        student.state_dict().Where(entry => ReferenceEquals(entry.Value, teachers[entry.Key])).Select(entry => string.Join('.', entry.Key.Split('.')[..2]))
            .Distinct()
            .Should().Equal(blocks.Split(' '));
        student.parameters().Where(parameter => !parameter.requires_grad).Should().HaveCountGreaterThan(0)
            .And.OnlyContain(parameter => teacher.parameters().Any(other => ReferenceEquals(other, parameter)));
    }

    [Theory]
    [InlineData("unet")]
    [InlineData("multires")]
    public void The_gradient_flows_through_the_shared_levels_to_all_of_the_students_own_and_stays_out_of_the_shared(string kind)
    {
        using var scope = NewDisposeScope();
        using UShapedNetwork teacher = Network(kind, seed: 1, Toy.Modalities);
        using UShapedNetwork student = Network(kind, seed: 2, "faint");
        student.ShareDeepestLevels(new FrozenTeacher(teacher), 2);
        student.train();

        // The bottleneck alone: its gradient can reach the shallowest level only through the shared ones.
        EncoderOutput encoding = student.Encode(_spheres.Images);
        (encoding.Bottleneck * randn(encoding.Bottleneck.shape)).sum().backward();
        student.get_parameter(kind == "unet" ? "encoder.0.convolution1.weight" : "encoder.0.convolution1.convolution.weight")!.grad!.abs().max().item<float>()
            .Should().BePositive();

        student.zero_grad();
        Tensor logits = NetworkOutput.Of(student, _spheres.Images).Logits;
        (logits * randn(logits.shape)).sum().backward();
        foreach ((string name, Parameter parameter) in student.named_parameters())
        {
            Tensor? gradient = parameter.grad;
            if (parameter.requires_grad)
                gradient.Should().NotBeNull(name);
            else
                gradient.Should().BeNull(name);
        }
    }

    [Theory]
    [InlineData("unet")]
    [InlineData("multires")]
    public void A_fit_moves_the_students_own_levels_and_leaves_the_shared_as_they_were(string kind)
    {
        using UShapedNetwork teacher = Network(kind, seed: 1, Toy.Modalities);
        using UShapedNetwork student = Network(kind, seed: 2, "faint");
        var frozen = new FrozenTeacher(teacher);
        student.ShareDeepestLevels(frozen, 2);
        byte[] before = Toy.Bits(teacher);
        Dictionary<string, byte[]> own = student.named_parameters().Where(entry => entry.parameter.requires_grad)
            .ToDictionary(entry => entry.name, entry => entry.parameter.bytes.ToArray());

        TrainingResult result = new DistillationTrainer(student, frozen, Toy.Labels, new TrainingOptions { Epochs = 5, LearningRate = 1e-2 })
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));

        Toy.Bits(teacher).Should().Equal(before);
        result.History[^1].Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        foreach ((string name, byte[] bits) in own)
            student.get_parameter(name)!.bytes.ToArray().Should().NotEqual(bits, name);
    }

    [Fact]
    public void In_a_loop_of_the_users_own_the_shared_batch_norms_stay_in_evaluation_mode_too()
    {
        using UShapedNetwork teacher = Network("multires", seed: 1, Toy.Modalities);
        using UShapedNetwork student = Network("multires", seed: 2, "faint");
        student.ShareDeepestLevels(new FrozenTeacher(teacher), 2);
        byte[] before = Toy.Bits(teacher);
        student.train();
        using (NewDisposeScope())
            NetworkOutput.Of(student, _spheres.Images).Logits.sum().backward();
        Toy.Bits(teacher).Should().Equal(before);
        student.training.Should().BeTrue();
    }

    [Fact]
    public void A_saved_student_holds_the_shared_weights_as_its_own_and_shares_nothing_when_it_is_loaded()
    {
        using var folder = new TemporaryFolder();
        using UShapedNetwork teacher = Network("multires", seed: 1, Toy.Modalities);
        using UShapedNetwork student = Network("multires", seed: 2, "faint");
        student.ShareDeepestLevels(new FrozenTeacher(teacher), 2);
        var model = new SegmentationModel(student, Toy.Labels);
        model.Save(folder["student"]);
        using Tensor expected = model.PredictProbabilities(_spheres.Images);

        using SegmentationModel loaded = SegmentationModel.Load(folder["student"]);
        using Tensor actual = loaded.PredictProbabilities(_spheres.Images);
        actual.bytes.ToArray().Should().Equal(expected.bytes.ToArray());

        byte[] before = Toy.Bits(teacher);
        loaded.Network.Module.parameters().Should().OnlyContain(parameter => parameter.requires_grad);
        new SupervisedTrainer(loaded.Network, Toy.Labels, new TrainingOptions { Epochs = 1, LearningRate = 1e-1 }).Fit(Toy.Source(_spheres));
        Toy.Bits(teacher).Should().Equal(before);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Networks_that_share_levels_may_be_disposed_in_any_order_and_twice(bool studentFirst)
    {
        UShapedNetwork teacher = Network("unet", seed: 1, Toy.Modalities);
        UShapedNetwork student = Network("unet", seed: 2, "faint");
        student.ShareDeepestLevels(new FrozenTeacher(teacher), 2);
        (UShapedNetwork first, UShapedNetwork second) = studentFirst ? (student, teacher) : (teacher, student);
        Parameter shared = second.get_parameter("encoder.2.convolution1.weight")!;
        Parameter own = first.get_parameter("encoder.0.convolution1.weight")!;

        first.Dispose();
        first.Dispose();
        own.IsInvalid.Should().BeTrue();
        shared.IsInvalid.Should().BeFalse();
        using (Tensor prediction = new SegmentationModel(second, Toy.Labels).PredictProbabilities(_spheres.Images))
            prediction.isfinite().all().item<bool>().Should().BeTrue();

        second.Dispose();
        shared.IsInvalid.Should().BeTrue();
        second.Dispose();
    }

    [Fact]
    public void The_levels_that_are_replaced_are_disposed_and_a_teacher_may_share_with_several_students()
    {
        UShapedNetwork teacher = Network("unet", seed: 1, Toy.Modalities);
        using UShapedNetwork first = Network("unet", seed: 2, "faint");
        using UShapedNetwork second = Network("unet", seed: 3, "faint");
        Parameter replaced = first.get_parameter("encoder.2.convolution1.weight")!;
        var frozen = new FrozenTeacher(teacher);
        first.ShareDeepestLevels(frozen, 2);
        first.ShareDeepestLevels(frozen, 2);
        second.ShareDeepestLevels(frozen, 1);
        replaced.IsInvalid.Should().BeTrue();

        teacher.Dispose();
        second.Dispose();
        using Tensor prediction = new SegmentationModel(first, Toy.Labels).PredictProbabilities(_spheres.Images);
        prediction.isfinite().all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void What_cannot_be_shared_is_refused_in_words_and_nothing_is_changed()
    {
        using UShapedNetwork student = Network("unet", seed: 1, "faint");
        byte[] before = Toy.Bits(student);
        using UShapedNetwork teacher = Network("unet", seed: 2, Toy.Modalities);
        using UShapedNetwork other = Network("multires", seed: 2, Toy.Modalities);
        using var wide = new UNet3D(new UNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 4, Levels = 3 });
        using var deep = new UNet3D(new UNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 2, Levels = 4 });
        using var withoutSkips = new UNet3D(
            new UNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 2, Levels = 3, SkipConnections = 0 });

        Share(teacher, 0).Should().Throw<ArgumentOutOfRangeException>().WithMessage("From 1 to 2 of the 3 levels can be shared.*");
        Share(teacher, 3).Should().Throw<ArgumentOutOfRangeException>();
        Share(other, 1).Should().Throw<ArgumentException>().WithMessage("The teacher 'teacher' is a MultiResUNet3D, but the student a UNet3D*");
        Share(deep, 1).Should().Throw<ArgumentException>().WithMessage("The teacher 'teacher' has 4 levels, but the student 3*");
        Share(wide, 1).Should().Throw<ArgumentException>().WithMessage(
            "*encoder.2.convolution1.weight is [8, 4, 3, 3, 3] (Float32, cpu) in the student, but [16, 8, 3, 3, 3] (Float32, cpu) in the teacher*widths*");
        Share(withoutSkips, 2).Should().Throw<ArgumentException>().WithMessage("*decoder.0.block.convolution1.weight*skip connections*");
        Toy.Bits(student).Should().Equal(before);
        FluentActions.Invoking(() => student.ShareDeepestLevels(new FrozenTeacher(student), 1)).Should().Throw<ArgumentException>()
            .WithMessage("*is the student itself*");

        Action Share(UShapedNetwork from, int levels) => () => student.ShareDeepestLevels(new FrozenTeacher(from), levels);
    }

    private static UShapedNetwork Network(string kind, long seed, params string[] modalities)
    {
        manual_seed(seed);
        return kind == "unet"
            ? new UNet3D(new UNet3DOptions { Modalities = modalities, OutputChannels = 2, BaseWidth = 2, Levels = 3 })
            : new MultiResUNet3D(new MultiResUNet3DOptions { Modalities = modalities, OutputChannels = 2, BaseWidth = 4, Levels = 3 });
    }
}
