using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

public class FrozenTeacherTests
{
    [Fact]
    public void It_runs_in_evaluation_mode_even_when_someone_calls_train()
    {
        using var scope = NewDisposeScope();
        using ModuleAdapter network = WithDropoutAndBatchNorm();
        var teacher = new FrozenTeacher(network);
        network.Module.training.Should().BeFalse();
        using Batch batch = Example();
        Tensor first = teacher.Forward(batch).Logits;
        byte[] state = StateOf(network);

        network.Module.train();
        Tensor second = teacher.Forward(batch).Logits;
        second.equal(first).all().item<bool>().Should().BeTrue("dropout is off");
        StateOf(network).Should().Equal(state, "batch norm gathers no statistics");
        network.Module.training.Should().BeFalse();
    }

    [Fact]
    public void No_gradient_flows_through_its_output_and_its_parameters_take_none()
    {
        using var scope = NewDisposeScope();
        using ModuleAdapter network = WithDropoutAndBatchNorm();
        network.Module.parameters().Should().OnlyContain(parameter => parameter.requires_grad);
        var teacher = new FrozenTeacher(network);
        network.Module.parameters().Should().OnlyContain(parameter => !parameter.requires_grad);
        using Batch batch = Example();

        // Not even where someone asks for gradients again.
        foreach (Parameter parameter in network.Module.parameters())
            parameter.requires_grad_(true);
        NetworkOutput output = teacher.Forward(batch);
        output.Logits.requires_grad.Should().BeFalse();
        output.Encoding.Bottleneck.requires_grad.Should().BeFalse();
        is_grad_enabled().Should().BeTrue("the mode of the caller is restored");
    }

    [Fact]
    public void Its_output_can_take_part_in_the_students_backward_pass()
    {
        using var scope = NewDisposeScope();
        using ModuleAdapter network = WithDropoutAndBatchNorm();
        using Batch batch = Example();
        NetworkOutput taught = new FrozenTeacher(network).Forward(batch);
        Tensor student = randn(taught.Logits.shape).requires_grad_(true);
        nn.functional.mse_loss(student, taught.Logits).backward();
        student.grad!.abs().sum().item<float>().Should().BePositive();
    }

    [Fact]
    public void It_has_a_name_and_lets_the_caller_keep_the_network()
    {
        using ModuleAdapter network = WithDropoutAndBatchNorm();
        new FrozenTeacher(network).Name.Should().Be("teacher");
        var named = new FrozenTeacher(network, "four modalities");
        (named.Name, named.Network).Should().Be(("four modalities", network));
        Func<object> blank = () => new FrozenTeacher(network, " ");
        blank.Should().Throw<ArgumentException>();
        Func<object> absent = () => new FrozenTeacher(null!);
        absent.Should().Throw<ArgumentNullException>();
    }

    [Fact]
    public void A_modality_that_the_batch_lacks_is_named()
    {
        using var scope = NewDisposeScope();
        using ModuleAdapter network = WithDropoutAndBatchNorm();
        using var batch = new Batch(new ModalityImages(("t1ce", rand([1, 1, 4, 4]))), zeros([1, 4, 4], ScalarType.Int64), ["case"]);
        var teacher = new FrozenTeacher(network);
        teacher.Invoking(it => it.Forward(batch)).Should().Throw<ArgumentException>().WithMessage("The modality 'flair' is missing; there are: t1ce.*");
        is_grad_enabled().Should().BeTrue();
    }

    [Fact]
    public void A_teacher_that_is_the_student_is_refused()
    {
        var module = nn.Sequential(("only", nn.Conv2d(1, 2, 1)));
        using var student = new ModuleAdapter(module, ["t1ce"], 2, "only");
        using var sameModule = new ModuleAdapter(module, ["t1ce"], 2, "only");
        var labels = new ExclusiveClasses("background", "tumor");
        foreach (IEncoderDecoder network in new[] { student, sameModule })
        {
            Func<object> make = () => new DistillationTrainer(student, new FrozenTeacher(network, "first"), labels);
            make.Should().Throw<ArgumentException>()
                .WithMessage("The network of the teacher 'first' is the student itself; a network cannot be frozen and trained at once.*");
        }

        Func<object> among = () =>
            new DistillationTrainer(student, [new FrozenTeacher(Other()), new FrozenTeacher(student, "second")], labels, KDNetObjective.Create());
        among.Should().Throw<ArgumentException>().WithMessage("*'second' is the student itself*");
        Func<object> twins = () => new DistillationTrainer(Other(), [new FrozenTeacher(Other()), new FrozenTeacher(Other())], labels, KDNetObjective.Create());
        twins.Should().Throw<ArgumentException>().WithMessage("The names of the teachers must differ, but are teacher, teacher.");
        Func<object> none = () => new DistillationTrainer(Other(), [], labels, KDNetObjective.Create());
        none.Should().Throw<ArgumentException>().WithMessage("At least one teacher is needed*SupervisedTrainer*");

        static ModuleAdapter Other() => new(nn.Sequential(("only", nn.Conv2d(1, 2, 1))), ["t1ce"], 2, "only");
    }

    private static ModuleAdapter WithDropoutAndBatchNorm() => new(
        nn.Sequential(("convolution", nn.Conv2d(2, 4, 3, padding: 1)), ("norm", nn.BatchNorm2d(4)), ("dropout", nn.Dropout(0.5)), ("head", nn.Conv2d(4, 2, 1))),
        ["t1ce", "flair"],
        2,
        "norm");

    private static Batch Example() => new(
        new ModalityImages(("t1ce", rand([2, 1, 4, 4])), ("flair", rand([2, 1, 4, 4]))),
        zeros([2, 4, 4], ScalarType.Int64),
        ["first", "second"]);

    private static byte[] StateOf(ModuleAdapter network) => [.. network.Module.state_dict().Values.SelectMany(tensor => tensor.bytes.ToArray())];
}
