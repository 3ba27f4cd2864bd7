using FluentAssertions;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A user whose student shares its deepest module with the teacher.</summary>
public sealed class SharedBottleneckTests
{
    [Fact]
    public void What_is_shared_with_a_frozen_teacher_does_not_move_and_the_rest_learns()
    {
        using Batch spheres = Toy.Spheres();
        manual_seed(1);
        using Module<Tensor, Tensor> deepest = Sequential(Conv3d(4, 4, 3, padding: 1), BatchNorm3d(4), Dropout3d(0.5), LeakyReLU(0.01));
        using var teacher = new SharingNetwork(Toy.Modalities, deepest);
        using var student = new SharingNetwork(["faint"], deepest);
        var frozen = new FrozenTeacher(teacher);
        (byte[] teacherBefore, byte[] sharedBefore, byte[] enterBefore, byte[] leaveBefore) =
            (Toy.Bits(teacher), Toy.Bits(deepest), Toy.Bits(student.Enter), Toy.Bits(student.Leave));

        TrainingResult result = new DistillationTrainer(student, frozen, Toy.Labels, new TrainingOptions { Epochs = 5, LearningRate = 1e-2 })
            .Fit(Toy.Source(spheres), Toy.Source(spheres));

        Toy.Bits(teacher).Should().Equal(teacherBefore);
        Toy.Bits(deepest).Should().Equal(sharedBefore);
        Toy.Bits(student.Enter).Should().NotEqual(enterBefore);
        Toy.Bits(student.Leave).Should().NotEqual(leaveBefore);
        result.History[^1].Training.Total.Should().BeLessThan(result.History[0].Training.Total);
    }

    private sealed class SharingNetwork : Module, IEncoderDecoder
    {
        private readonly Module<Tensor, Tensor> enter;
        private readonly Module<Tensor, Tensor> deepest;
        private readonly Module<Tensor, Tensor> leave;

        public SharingNetwork(IReadOnlyList<string> modalities, Module<Tensor, Tensor> shared)
            : base(nameof(SharingNetwork))
        {
            Modalities = modalities;
            enter = Sequential(Conv3d(modalities.Count, 4, 3, padding: 1), LeakyReLU(0.01));
            deepest = shared;
            leave = Conv3d(4, 2, 3, padding: 1);
            RegisterComponents();
        }

        public Module Module => this;

        public Module Enter => enter;

        public Module Leave => leave;

        public IReadOnlyList<string> Modalities { get; }

        public int OutputChannels => 2;

        public EncoderOutput Encode(ModalityImages images) => new(deepest.call(enter.call(images.Concatenate(Modalities))));

        public Tensor Decode(EncoderOutput encoding) => leave.call(encoding.Bottleneck);
    }
}
