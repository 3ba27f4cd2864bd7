using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.Consistency;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public sealed class HolisticLossTests : IDisposable
{
    private static readonly ExclusiveClasses Two = new("background", "tumor");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Loss_and_gradient_penalty_by_hand()
    {
        using var scope = NewDisposeScope();
        using HolisticLoss loss = CornerCritic(penalty: 10);
        // This critic reads the tumor's probability at the first of four voxels: 3/4 of the teacher, 1/2 of the student.
        Tensor teacher = zeros([1, 2, 2, 2]);
        teacher[0, 1, 0, 0] = (float)Math.Log(3);
        DistillationContext context = Contexts.Of(Two, zeros([1, 2, 2], ScalarType.Int64), zeros([1, 2, 2, 2]), ("teacher", teacher));
        loss.Compute(context).item<float>().Should().BeApproximately(0.25f, 1e-6f);
        // Its gradient is 1 at one voxel wherever it is taken. With distances as root mean squares over 4 voxels its norm
        // is √4 · 1 = 2, so the penalty is (2 − 1)² = 1.
        loss.ComputeOwn(context).item<float>().Should().BeApproximately(-0.25f + 10, 1e-4f);
        using HolisticLoss unpenalized = CornerCritic(penalty: 0);
        unpenalized.ComputeOwn(context).item<float>().Should().BeApproximately(-0.25f, 1e-6f);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void What_the_critic_minimizes_has_the_gradient_of_central_differences_also_through_the_penalty(int dimensions)
    {
        using var scope = NewDisposeScope();
        manual_seed(40);
        using var loss = new HolisticLoss(Two, ["t1ce"], new HolisticOptions { SpatialDimensions = dimensions, Width = 2, StridedConvolutions = 2 });
        loss.Module.to(ScalarType.Float64);
        DistillationContext context = Random(dimensions, size: 4, ScalarType.Float64);
        double Own()
        {
            using var inner = NewDisposeScope();
            manual_seed(41);
            return loss.ComputeOwn(context).item<double>();
        }

        manual_seed(41);
        Parameter[] parameters = [.. loss.Module.parameters()];
        Tensor[] gradients = [.. autograd.grad([loss.ComputeOwn(context)], parameters)];
        using IDisposable noGradient = no_grad();
        for (int i = 0; i < parameters.Length; i++)
        {
            Tensor flat = parameters[i].detach().flatten();
            double[] gradient = [.. gradients[i].flatten().data<double>()];
            double largest = 0;
            for (int element = 0; element < gradient.Length; element += 7)
            {
                double value = flat[element].item<double>();
                double At(double offset)
                {
                    flat[element] = value + offset;
                    using IDisposable recording = enable_grad();
                    return Own();
                }

                double difference = (At(1e-5) - At(-1e-5)) / 2e-5;
                flat[element] = value;
                gradient[element].Should().BeApproximately(difference, 1e-6 * (1 + Math.Abs(difference)), "element {0} of parameter {1}", element, i);
                largest = Math.Max(largest, Math.Abs(difference));
            }

            // A bias has no gradient where student and teacher lie on the same side of the kink.
            if (parameters[i].dim() > 1)
                largest.Should().BeGreaterThan(1e-4, "otherwise the comparison says nothing");
        }
    }

    [Fact]
    public void The_students_gradient_is_that_of_central_differences()
    {
        using var scope = NewDisposeScope();
        manual_seed(42);
        using var loss = new HolisticLoss(Two, [], new HolisticOptions { SpatialDimensions = 2, Width = 2, StridedConvolutions = 1 });
        loss.Module.to(ScalarType.Float64);
        Tensor teacher = randn([1, 2, 3, 3], ScalarType.Float64);
        Tensor start = randn([1, 2, 3, 3], ScalarType.Float64);
        Tensor Loss(Tensor logits) => loss.Compute(Contexts.Of(Two, zeros([1, 3, 3], ScalarType.Int64), logits, ("teacher", teacher)));
        Tensor student = start.clone().requires_grad_(true);
        double[] gradient = [.. autograd.grad([Loss(student)], [student])[0].flatten().data<double>()];
        for (int i = 0; i < gradient.Length; i++)
        {
            double At(double offset)
            {
                Tensor shifted = start.clone();
                shifted.flatten()[i] += offset;
                return Loss(shifted).item<double>();
            }

            gradient[i].Should().BeApproximately((At(1e-5) - At(-1e-5)) / 2e-5, 1e-7);
        }

        gradient.Should().Contain(element => Math.Abs(element) > 1e-4);
    }

    [Fact]
    public void What_the_critic_minimizes_does_not_grow_with_the_volume()
    {
        using var scope = NewDisposeScope();
        manual_seed(46);
        using var loss = new HolisticLoss(Two, [], new HolisticOptions { StridedConvolutions = 2 });
        Tensor student = randn([1, 2, 4, 4, 4]);
        Tensor teacher = randn([1, 2, 4, 4, 4]);
        // Twenty times the scores, so that the slope is above the 1 that is asked for.
        using (no_grad())
            loss.Module.parameters().Single(parameter => parameter.dim() == 5 && parameter.shape[0] == 1).mul_(20);

        // At the same random points between the two maps, and without the distance, what is left is 10·(slope − 1)².
        double Slope(long times)
        {
            (Tensor s, Tensor t) = (student.repeat(1, 1, times, 1, 1), teacher.repeat(1, 1, times, 1, 1));
            DistillationContext context = Contexts.Of(Two, zeros([1, 4 * times, 4, 4], ScalarType.Int64), s, ("teacher", t));
            manual_seed(47);
            return 1 + Math.Sqrt((loss.ComputeOwn(context) + loss.Compute(context)).item<float>() / 10);
        }

        double slope = Slope(8);
        slope.Should().BeGreaterThan(2);
        Slope(16).Should().BeApproximately(slope, 0.05 * slope);
    }

    [Fact]
    public void The_critic_moves_by_its_own_step_alone_and_the_student_by_the_loss_alone()
    {
        using var scope = NewDisposeScope();
        manual_seed(43);
        using var loss = new HolisticLoss(Two, ["t1ce"], new HolisticOptions { Width = 2, StridedConvolutions = 1 });
        var student = new TensorNetwork(randn([1, 2, 4, 4, 4]), ones([1, 1, 1, 1, 1]));
        var teacher = new TensorNetwork(randn([1, 2, 4, 4, 4]), ones([1, 1, 1, 1, 1]));
        DistillationContext context =
            Contexts.Of(Two, zeros([1, 4, 4, 4], ScalarType.Int64), Contexts.OutputOf(student), ("teacher", Contexts.OutputOf(teacher)));
        loss.ComputeOwn(context).backward();
        ReferenceEquals(student.Logits.grad, null).Should().BeTrue("the critic learns from the student as it is");
        loss.Module.parameters().Should().Contain(parameter => parameter.grad!.abs().sum().item<float>() > 0);
        loss.Compute(context).backward();
        student.Logits.grad!.abs().sum().item<float>().Should().BePositive();
        ReferenceEquals(teacher.Logits.grad, null).Should().BeTrue();
    }

    [Fact]
    public void The_critic_learns_to_score_maps_of_the_teacher_above_those_of_the_student_with_a_slope_near_one()
    {
        manual_seed(44);
        using var loss = new HolisticLoss(
            Two, ["t1ce"], new HolisticOptions { SpatialDimensions = 2, Width = 4, StridedConvolutions = 2, LearningRate = 5e-3 });
        using (DisposeScope untrained = NewDisposeScope())
            Math.Abs(loss.Compute(Example()).item<float>()).Should().BeLessThan(0.1f);
        for (int step = 0; step < 300; step++)
        {
            using var scope = NewDisposeScope();
            loss.Optimizer.zero_grad();
            loss.ComputeOwn(Example()).backward();
            loss.Optimizer.step();
        }

        using var outer = NewDisposeScope();
        DistillationContext unseen = Example();
        Tensor teacher = loss.Score(Two.Probabilities(unseen.Teacher.Logits), unseen.Batch.Images);
        Tensor student = loss.Score(unseen.StudentProbabilities, unseen.Batch.Images);
        teacher.shape.Should().Equal(4);
        (teacher.min() - student.max()).item<float>().Should().BePositive();
        double distance = loss.Compute(unseen).item<float>();
        // The two maps are a root mean square of √(2·0.5²) ≈ 0.7 apart; a critic of slope 1 scores them no further apart.
        distance.Should().BeInRange(0.2, 0.8);
        double penalty = (loss.ComputeOwn(unseen).item<float>() + distance) / 10;
        penalty.Should().BeLessThan(0.1);

        // The teacher finds what the image shows; the student is undecided everywhere.
        static DistillationContext Example()
        {
            Tensor labels = (randn([4, 8, 8]) > 0.8).to(ScalarType.Int64);
            Tensor teacher = 6 * (stack([1 - labels, labels], 1).to(ScalarType.Float32) - 0.5f);
            return Contexts.Of(Two, labels, 0.1f * randn([4, 2, 8, 8]), ("teacher", teacher));
        }
    }

    [Fact]
    public void A_student_that_follows_it_comes_nearer_to_the_teacher()
    {
        manual_seed(45);
        using Batch spheres = Toy.Spheres();
        using UNet3D teacher = Toy.Teacher();
        using UNet3D student = Toy.Student();
        using var holistic = new HolisticLoss(Toy.Labels, ["faint"], new HolisticOptions { Width = 4, StridedConvolutions = 2, LearningRate = 1e-3 });
        new SupervisedTrainer(teacher, Toy.Labels, new TrainingOptions { Epochs = 10, LearningRate = 1e-2 }).Fit(Toy.Source(spheres));
        (byte[] teacherBefore, byte[] criticBefore) = (Toy.Bits(teacher), Toy.Bits(holistic.Module));
        var objective = new WeightedObjective(new LossTerm("holistic", 1, holistic), new LossTerm("distance", 0, new ZeroOrderConsistencyLoss()));
        TrainingResult result = new DistillationTrainer(
            student,
            [new FrozenTeacher(teacher)],
            Toy.Labels,
            objective,
            new TrainingOptions { Epochs = 40, LearningRate = 1e-2, RestoreBestWeights = false })
            .Fit(Toy.Source(spheres));
        double Distance(EpochReport report) => report.Training.Terms.Single(term => term.Name == "distance").Value;
        Distance(result.History[^1]).Should().BeLessThan(0.7 * Distance(result.History[0]), "nothing but the critic tells the student what the teacher does");
        Toy.Bits(teacher).Should().Equal(teacherBefore);
        Toy.Bits(holistic.Module).Should().NotEqual(criticBefore);
    }

    [Fact]
    public void A_fit_with_a_critic_that_was_interrupted_leaves_the_same_bits()
    {
        using Batch spheres = Toy.Spheres();
        void Train(string folder, int epochs, bool resume)
        {
            using UNet3D teacher = Toy.Teacher();
            using UNet3D student = Toy.Student(seed: resume ? 9 : 1);
            manual_seed(resume ? 8 : 7);
            using var holistic = new HolisticLoss(Toy.Labels, ["faint"], new HolisticOptions { Width = 2, StridedConvolutions = 2 });
            WeightedObjective objective = StructuredDistillationObjective.Create(holistic);
            var options = new TrainingOptions { Epochs = epochs, OutputFolder = _folder[folder], Resume = resume, RestoreBestWeights = false };
            new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective, options).Fit(Toy.Source(spheres));
        }

        Train("whole", 3, resume: false);
        Train("run", 1, resume: false);
        Train("run", 2, resume: true);
        Train("run", 3, resume: true);
        SortedDictionary<string, string> whole = Toy.Files(_folder["whole"]);
        SortedDictionary<string, string> run = Toy.Files(_folder["run"]);
        whole.Keys.Should().Contain(["last/loss-0-holistic.safetensors", "last/loss-0-holistic-optimizer.bin"]);
        foreach (string file in whole.Keys.Where(name => name != "history.csv" && name != "last/training.json"))
            run[file].Should().Be(whole[file], "{0} must not depend on the interruptions", file);
    }

    [Fact]
    public void A_fit_with_every_kind_of_loss_keeps_no_tensor()
    {
        using Batch spheres = Toy.Spheres();
        using var ensemble = new EnsembleNetwork([Toy.Teacher(seed: 2), Toy.Teacher(seed: 3)], Toy.Labels);
        using UNet3D teacher = Toy.Teacher(seed: 4);
        using UNet3D student = Toy.Student();
        using var holistic = new HolisticLoss(Toy.Labels, ["faint"], new HolisticOptions { Width = 2, StridedConvolutions = 2 });
        using var adapted = new AdaptedFeatureMatchingLoss(4, 4);
        var objective = new WeightedObjective(
            new LossTerm("structured", 1, new NamedTeacherLoss("teacher", StructuredDistillationObjective.Create(holistic))),
            new LossTerm("predictions", 1, new TeacherMeanLoss(new WeightedObjective(
                new LossTerm("Hinton", 1, HintonObjective.Create()),
                new LossTerm("imitation", 1, GeneralizedDistillationObjective.Create()), new LossTerm("consistency", 1, ConsistencyObjective.Create())))),
            new LossTerm("features", 1, new NamedTeacherLoss("teacher", new WeightedObjective(
                new LossTerm("adapted", 1, adapted), new LossTerm("plain", 1, new FeatureMatchingLoss()),
                new LossTerm("attention", 1, new AttentionTransferLoss())))));
        List<long> live = [];
        var options = new TrainingOptions
        {
            Epochs = 5,
            Callbacks = [new ActionCallback(epoch: (_, _) => live.Add(LiveTensors.Held()))],
        };
        new DistillationTrainer(student, [new FrozenTeacher(teacher), new FrozenTeacher(ensemble, "ensemble")], Toy.Labels, objective, options)
            .Fit(Toy.Source(spheres, batchSize: 1), Toy.Source(spheres));
        live[4].Should().Be(live[1], "epochs 2 to 4 leave what epoch 1 left: {0}", string.Join(", ", live));
    }

    [Fact]
    public void What_does_not_fit_the_critic_is_refused()
    {
        using var scope = NewDisposeScope();
        using var loss = new HolisticLoss(Two, ["t1ce", "flair"]);
        Func<object> missing = () => loss.Compute(Random(3, 4, ScalarType.Float32));
        missing.Should().Throw<ArgumentException>().WithMessage("The modality 'flair' is missing; there are: t1ce.*");
        using var slices = new HolisticLoss(Two, ["t1ce"], new HolisticOptions { SpatialDimensions = 2 });
        Func<object> volume = () => slices.Compute(Random(3, 4, ScalarType.Float32));
        volume.Should().Throw<ArgumentException>()
            .WithMessage("The critic was made for maps of 2 channels and 2 spatial dimensions, but the shape is [1, 2, 4, 4, 4].");
        Func<object> otherImages = () => slices.Score(rand([1, 2, 4, 4]), new ModalityImages(("t1ce", rand([1, 3, 4, 4]))));
        otherImages.Should().Throw<ArgumentException>()
            .WithMessage("The critic sees the maps [1, 2, 4, 4] together with images of t1ce [1, 1, 4, 4], but those have the shape [1, 3, 4, 4].");
        Func<object> otherGrid = () =>
            slices.Compute(Contexts.Of(Two, zeros([1, 4, 4], ScalarType.Int64), rand([1, 2, 4, 4]), ("teacher", rand([1, 2, 2, 2]))));
        otherGrid.Should().Throw<ArgumentException>().WithMessage("The student's probabilities*and the teacher's probabilities*must have the same shape.");
        Func<object> make = () =>
            new HolisticLoss(Two, [], new() { SpatialDimensions = 4, Width = 0, StridedConvolutions = 0, LearningRate = 0, GradientPenalty = -1 });
        make.Should().Throw<ArgumentException>().WithMessage(
            "HolisticOptions: SpatialDimensions must be 2 or 3, but is 4. Width must be at least 1, but is 0. StridedConvolutions must be at least 1, "
                + "but is 0. LearningRate must be above 0, but is 0. GradientPenalty must be at least 0, but is -1.");
    }

    private static DistillationContext Random(int dimensions, long size, ScalarType type)
    {
        long[] spatial = [.. Enumerable.Repeat(size, dimensions)];
        DistillationContext context =
            Contexts.Of(Two, zeros([1, .. spatial], ScalarType.Int64), randn([1, 2, .. spatial], type), ("teacher", randn([1, 2, .. spatial], type)));
        context.Batch.Images["t1ce"].normal_();
        return context;
    }

    // One convolution whose only weight reads the tumor's probability at its center: at position 0 of each axis, stride 2 leaves one of two.
    private static HolisticLoss CornerCritic(double penalty)
    {
        var loss = new HolisticLoss(Two, [], new HolisticOptions { SpatialDimensions = 2, Width = 1, StridedConvolutions = 1, GradientPenalty = penalty });
        using IDisposable noGradient = no_grad();
        foreach (Parameter parameter in loss.Module.parameters())
            parameter.zero_();
        Parameter[] parameters = [.. loss.Module.parameters()];
        parameters.Single(parameter => parameter.shape.SequenceEqual([1, 2, 3, 3]))[0, 1, 1, 1] = 1;
        parameters.Single(parameter => parameter.shape.SequenceEqual([1, 1, 1, 1])).fill_(1);
        return loss;
    }
}
