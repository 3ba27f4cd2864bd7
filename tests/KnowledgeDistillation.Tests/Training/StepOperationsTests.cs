using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>
/// What of a training step matters on a GPU and can be seen on a CPU: how many operations it hands to torch, each of which would be a kernel or more to be
/// launched, and whether one of them needs a value on the host, for which a GPU would have to finish all that is queued. (Which methods ask for values
/// themselves, Architecture.Tests lists.)
/// </summary>
public sealed class StepOperationsTests : IDisposable
{
    private const int Few = 2, Many = 6;

    private readonly Batch _spheres = Toy.Spheres();

    public StepOperationsTests() => Assert.SkipUnless(TorchOperations.CanBeCounted, "Operations are observed where libtorch has the ABI of Linux on x64.");

    public void Dispose() => _spheres.Dispose();

    public static TheoryData<string> Objectives => ["reference", "kd-net", "hinton", "imitation", "features", "attention"];

    [Theory]
    [MemberData(nameof(Objectives))]
    public void A_step_never_waits_for_a_value(string objective) => Waits(objective).Should().Be(0);

    [Fact]
    public void A_step_in_mixed_precision_does_not_either() => Waits("kd-net", new TrainingOptions { Precision = Precision.Mixed }).Should().Be(0);

    [Fact]
    public void Nor_one_whose_gradient_is_clipped() => Waits("kd-net", new TrainingOptions { GradientClipNorm = 0.1 }).Should().Be(0);

    [Fact]
    public void Nor_one_with_voxels_that_are_ignored()
    {
        _spheres.Labels[.., .., 0].fill_(LabelScheme.Ignored);
        Waits("kd-net").Should().Be(0);
    }

    [Fact]
    public void The_count_sees_a_step_that_waits()
    {
        TorchOperations operations = TorchOperations.During(() =>
        {
            using var scope = NewDisposeScope();
            Tensor some = rand(3, 3, requires_grad: true);
            some.square().sum().backward();
            some.nonzero();
        });
        operations.Waits.Should().Be(1);
        operations.All.Should().Contain("aten::pow").And.Contain("aten::mul", "the gradient of a square is a product");
    }

    // Where it falls, write down the new number; where it rises, find out why: each of these is a kernel on a GPU.
    [Fact]
    public void A_KD_step_has_this_many_operations() => Kernels("kd-net").Should().Be(276);

    [Fact]
    public void A_supervised_step_has_this_many_operations() => Kernels("reference").Should().Be(198);

    private int Kernels(string objective) => PerStep(objective, new TrainingOptions(), operations => operations.Kernels);

    private int Waits(string objective, TrainingOptions? options = null) => PerStep(objective, options ?? new(), operations => operations.Waits);

    // What a fit and an epoch do besides is the same for few and for many steps.
    private int PerStep(string objective, TrainingOptions options, Func<TorchOperations, int> count)
    {
        options = options with { Epochs = 1, RestoreBestWeights = false, StepsPerReading = Many };
        int difference = count(Fit(objective, options, Many)) - count(Fit(objective, options, Few));
        (difference % (Many - Few)).Should().Be(0, "all steps are alike");
        return difference / (Many - Few);
    }

    private TorchOperations Fit(string objective, TrainingOptions options, int steps)
    {
        using UNet3D student = Toy.Student();
        using UNet3D teacher = Toy.Teacher();
        using WeightedObjective losses = Objective(objective);
        FrozenTeacher[] teachers = objective == "reference" ? [] : [new FrozenTeacher(teacher, cache: new TeacherCacheOptions())];
        var trainer = new Trainer(student, teachers, Toy.Labels, losses, options);
        return TorchOperations.During(() => trainer.Fit(new OneCase(_spheres, steps)));
    }

    private static WeightedObjective Objective(string name) => name switch
    {
        "reference" => new WeightedObjective("reference", new ReferenceLoss()),
        "kd-net" => KDNetObjective.Create(),
        "hinton" => HintonObjective.Create(),
        "imitation" => GeneralizedDistillationObjective.Create(),
        "features" => new WeightedObjective(new LossTerm("reference", 1, new ReferenceLoss()), new LossTerm("features", 1, new FeatureMatchingLoss())),
        _ => new WeightedObjective(new LossTerm("reference", 1, new ReferenceLoss()), new LossTerm("attention", 1, new AttentionTransferLoss())),
    };

    /// <summary>The same case in each step, with an identity by which a cache knows it.</summary>
    private sealed class OneCase(Batch spheres, int steps) : IBatchSource
    {
        public int BatchCount => steps;

        public IEnumerable<Batch> ReadEpoch(int epoch) => Enumerable.Range(0, steps).Select(_ => new Batch(
            spheres.Images.Select(image => image.narrow(0, 0, 1)), spheres.Labels.narrow(0, 0, 1), ["sphere"], ["sphere"]));
    }
}
