using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StyleMatching;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Seams;
using KnowledgeDistillation.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>A student and a teacher that learn together.</summary>
public sealed class CoTrainingTrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres();

    private string Run => _folder["run"];

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("ACN", Precision.Full)]
    [InlineData("ACN", Precision.Mixed)]
    [InlineData("SMU-Net", Precision.Full)]
    [InlineData("SMU-Net", Precision.Mixed)]
    public void Both_networks_and_all_critics_learn(string method, Precision precision)
    {
        using UNet3D student = Toy.Student();
        using UNet3D teacher = Toy.Teacher();
        using WeightedObjective objective = Objective(method);
        nn.Module[] beside = [.. objective.Terms.Select(term => term.Loss).OfType<ISelfTrainingLoss>().Select(loss => loss.Module),
            .. objective.Terms.Select(term => term.Loss).OfType<ILearnableLoss>().Select(loss => loss.Module)];
        byte[][] before = [.. beside.Select(Toy.Bits)];
        TrainingResult result = new CoTrainingTrainer(
            student, new LearningTeacher(teacher), Toy.Labels, objective,
            new TrainingOptions { Epochs = 20, LearningRate = 1e-2, Precision = precision, RestoreBestWeights = false })
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));

        double Term(EpochReport report, string name) => report.Validation!.Terms.Single(term => term.Name == name).Value;
        Term(result.History[^1], "Dice").Should().BeLessThan(Term(result.History[0], "Dice") - 0.1);
        Term(result.History[^1], "Dice of the teacher").Should().BeLessThan(Term(result.History[0], "Dice of the teacher") - 0.1);
        beside.Should().HaveCount(method == "ACN" ? 3 : 1);
        beside.Zip(before).Should().OnlyContain(pair => !Toy.Bits(pair.First).SequenceEqual(pair.Second));
    }

    [Fact]
    public void A_teacher_learns_only_from_what_is_its_own_or_both_networks()
    {
        using UNet3D student = Toy.Student();
        using UNet3D teacher = Toy.Teacher();
        (byte[] studentBefore, byte[] teacherBefore) = (Toy.Bits(student), Toy.Bits(teacher));
        void Fit(IDistillationLoss loss) => new CoTrainingTrainer(
            student, new LearningTeacher(teacher), Toy.Labels, new WeightedObjective("loss", loss),
            new TrainingOptions { Epochs = 1, RestoreBestWeights = false })
            .Fit(Toy.Source(_spheres));

        Fit(new HintonLoss());
        Toy.Bits(teacher).Should().Equal(teacherBefore, "the library's losses of student and teacher move the student alone");
        Toy.Bits(student).Should().NotEqual(studentBefore);
        studentBefore = Toy.Bits(student);

        Fit(new TeacherAsStudentLoss(new HintonLoss()));
        Toy.Bits(teacher).Should().NotEqual(teacherBefore);
        Toy.Bits(student).Should().Equal(studentBefore);
        teacherBefore = Toy.Bits(teacher);

        Fit(new CoTrainingConsistencyLoss());
        Toy.Bits(teacher).Should().NotEqual(teacherBefore);
        Toy.Bits(student).Should().NotEqual(studentBefore);
    }

    [Fact]
    public void What_is_trained_beside_them_moves_neither()
    {
        // A critic of a user's own, who does not detach the teacher, and a student that learns from the reference alone.
        byte[] Teacher(bool withCritic)
        {
            using UNet3D student = Toy.Student();
            using UNet3D teacher = Toy.Teacher();
            manual_seed(1);
            using var adversary = new AdversarialLoss(channels: 2);
            using var objective = new WeightedObjective(
                [.. Terms(), .. withCritic ? new[] { new LossTerm("adversary", 0, adversary) } : []]);
            new CoTrainingTrainer(student, new LearningTeacher(teacher), Toy.Labels, objective, new TrainingOptions { Epochs = 2, RestoreBestWeights = false })
                .Fit(Toy.Source(_spheres));
            return [.. Toy.Bits(student), .. Toy.Bits(teacher)];
        }

        Teacher(withCritic: true).Should().Equal(Teacher(withCritic: false));

        static LossTerm[] Terms() => [new("GT", 1, new ReferenceLoss()), new("GT of the teacher", 1, new TeacherAsStudentLoss(new ReferenceLoss()))];
    }

    [Fact]
    public void A_critic_within_the_teachers_loss_sees_the_roles_exchanged()
    {
        using UNet3D student = Toy.Student();
        using UNet3D teacher = Toy.Teacher();
        using var watcher = new Watcher();
        new CoTrainingTrainer(
            student, new LearningTeacher(teacher, "friend"), Toy.Labels,
            new WeightedObjective("watched", new NamedTeacherLoss("friend", new TeacherAsStudentLoss(watcher))), new TrainingOptions { Epochs = 1 })
            .Fit(Toy.Source(_spheres));
        watcher.Seen.Distinct().Should().Equal((teacher, student, false));
    }

    [Fact]
    public void Decoders_keep_what_losses_read_of_them_in_exchanged_roles_too()
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        var reader = new DecoderReader();
        var objective = new WeightedObjective("reader", new TeacherAsStudentLoss(reader));
        objective.StudentFeatures.Should().Equal(DecoderFeatureNames.Level(0));
        objective.TeacherFeatures("teacher").Should().Equal(DecoderFeatureNames.Last);
        byte[] before = Toy.Bits(teacher);
        new CoTrainingTrainer(student, new LearningTeacher(teacher), Toy.Labels, objective, new TrainingOptions { Epochs = 1, RestoreBestWeights = false })
            .Fit(Toy.Source(_spheres));
        Toy.Bits(teacher).Should().NotEqual(before);

        using ModuleAdapter plain = Network(3, Toy.Modalities);
        FluentActions.Invoking(() => new CoTrainingTrainer(student, new LearningTeacher(plain), Toy.Labels, objective).Fit(Toy.Source(_spheres)))
            .Should().Throw<ArgumentException>().WithMessage("*It is the teacher 'teacher'*");
    }

    [Theory]
    [InlineData("ACN")]
    [InlineData("SMU-Net")]
    public void Cancelled_after_some_steps_and_resumed_it_leaves_the_same_bits_as_in_one_go(string method)
    {
        string whole = _folder["whole"];
        Fit(method, whole, epochs: 5);
        foreach (int step in new[] { 3, 1, 5 })
        {
            using var stop = new CancellationTokenSource();
            int steps = 0;
            Action fit = () => Fit(method, Run, epochs: 5, resume: true, new ActionCallback(_ =>
            {
                if (++steps == step)
                    stop.Cancel();
            }), stop.Token);
            fit.Should().Throw<OperationCanceledException>();
        }

        Fit(method, Run, epochs: 5, resume: true).ResumedEpochs.Should().Be(3, "two steps are an epoch, and eight of nine steps belong to epochs that ended");

        SortedDictionary<string, string> expected = Toy.Files(whole), actual = Toy.Files(Run);
        actual.Keys.Should().Equal(expected.Keys);
        actual.Keys.Should().Contain(["last/teacher/weights.safetensors", "last/teacher/model.json", "last/optimizer.bin"]);
        actual.Keys.Count(file => file.StartsWith("last/loss-", StringComparison.Ordinal)).Should().Be(method == "ACN" ? 5 : 2);
        foreach (string file in expected.Keys.Where(name => name != "history.csv" && name != "last/training.json"))
            actual[file].Should().Be(expected[file], "{0} must not depend on the interruptions", file);
    }

    [Fact]
    public void The_student_is_what_is_kept_and_the_teacher_is_to_be_had()
    {
        using UNet3D student = Toy.Student();
        using UNet3D teacher = Toy.Teacher();
        using WeightedObjective objective = Objective("ACN");
        var learning = new LearningTeacher(teacher) { Metadata = new Dictionary<string, string> { ["who"] = "teacher" } };
        TrainingResult result = new CoTrainingTrainer(
            student, learning, Toy.Labels, objective,
            new TrainingOptions { Epochs = 3, LearningRate = 1e-2, OutputFolder = Run, Metadata = new Dictionary<string, string> { ["who"] = "student" } })
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));

        using SegmentationModel best = SegmentationModel.Load(result.BestCheckpoint!);
        Toy.Bits(best.Network).Should().Equal(Toy.Bits(student));
        best.Network.Modalities.Should().Equal("faint");
        best.Metadata["who"].Should().Be("student");
        using SegmentationModel taught = SegmentationModel.Load(new TrainingRun(Run).TeacherFolder);
        Toy.Bits(taught.Network).Should().Equal(Toy.Bits(teacher), "it keeps the weights of the last epoch");
        taught.Network.Modalities.Should().Equal(Toy.Modalities);
        taught.Metadata["who"].Should().Be("teacher");
        Directory.EnumerateDirectories(new TrainingRun(Run).BestFolder).Should().BeEmpty();
        teacher.Module.training.Should().BeFalse();
    }

    [Theory]
    [InlineData("weights.safetensors")]
    [InlineData("model.json")]
    public void A_damaged_or_missing_file_of_the_teacher_is_refused_by_name(string file)
    {
        Fit("SMU-Net", Run, epochs: 1);
        string path = Path.Combine(new TrainingRun(Run).TeacherFolder, file);
        byte[] flipped = File.ReadAllBytes(path);
        flipped[^9] ^= 1;
        File.WriteAllBytes(path, flipped);
        Action resume = () => Fit("SMU-Net", Run, epochs: 2, resume: true);
        resume.Should().Throw<CheckpointException>().WithMessage($"*teacher*{file}*");
        File.Delete(path);
        resume.Should().Throw<CheckpointException>().WithMessage($"*teacher*{file}*");
    }

    [Fact]
    public void A_fit_does_not_go_on_without_its_teacher_or_with_another()
    {
        LossTerm[] terms = [new("GT", 1, new ReferenceLoss()), new("both", 1, new HintonLoss())];
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher(), other = Toy.Network(3, "bright");
        TrainingOptions options = new() { Epochs = 1, OutputFolder = Run };
        void Fit(LearningTeacher learning, TrainingOptions with) =>
            new CoTrainingTrainer(student, learning, Toy.Labels, new WeightedObjective(terms), with).Fit(Toy.Source(_spheres));
        Fit(new LearningTeacher(teacher), options);
        options = options with { Epochs = 2, Resume = true };

        Action frozen = () => new DistillationTrainer(student, [new FrozenTeacher(other)], Toy.Labels, new WeightedObjective(terms), options)
            .Fit(Toy.Source(_spheres));
        frozen.Should().Throw<CheckpointException>().WithMessage("*LearningTeacher was teacher of [\"bright\",\"faint\"] and is now not set*");
        using UNet3D third = Toy.Network(3, "bright");
        Action another = () => Fit(new LearningTeacher(third), options);
        another.Should().Throw<CheckpointException>().WithMessage("*LearningTeacher was teacher of [\"bright\",\"faint\"] and is now teacher of [\"bright\"]*");
        Action renamed = () => Fit(new LearningTeacher(teacher, "friend"), options);
        renamed.Should().Throw<CheckpointException>().WithMessage("*is now friend of*");
    }

    [Fact]
    public void Networks_that_cannot_learn_together_are_refused()
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        using var wide = new UNet3D(new UNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 3, BaseWidth = 2, Levels = 2 });
        CoTrainingTrainer Make(IEncoderDecoder taught) => new(student, new LearningTeacher(taught), Toy.Labels, Objective("ACN"));
        FluentActions.Invoking(() => Make(student)).Should().Throw<ArgumentException>()
            .WithMessage("The network of the teacher 'teacher' is the student itself*");
        FluentActions.Invoking(() => Make(new Sharing(student))).Should().Throw<ArgumentException>()
            .WithMessage("The teacher 'teacher' and the student share the parameter *");
        FluentActions.Invoking(() => Make(wide)).Should().Throw<ArgumentException>().WithMessage("The teacher 'teacher' has 3 output channels, but*");

        _ = new FrozenTeacher(teacher);
        FluentActions.Invoking(() => new CoTrainingTrainer(student, new LearningTeacher(teacher), Toy.Labels, Objective("ACN")).Fit(Toy.Source(_spheres)))
            .Should().Throw<InvalidOperationException>().WithMessage("The teacher 'teacher' has no parameter that takes a gradient*was it frozen?*");
        using UNet3D free = Toy.Teacher();
        _ = new FrozenTeacher(student);
        FluentActions.Invoking(() => new CoTrainingTrainer(student, new LearningTeacher(free), Toy.Labels, Objective("ACN")).Fit(Toy.Source(_spheres)))
            .Should().Throw<InvalidOperationException>().WithMessage("The network has no parameter that takes a gradient*");
    }

    [Fact]
    public void Weights_of_the_teacher_that_are_not_finite_end_the_fit()
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("broken", 1, new TeacherAsStudentLoss(new InfiniteGradient())));
        FluentActions.Invoking(() => new CoTrainingTrainer(
            student, new LearningTeacher(teacher), Toy.Labels, objective, new TrainingOptions { Epochs = 1, OutputFolder = Run })
            .Fit(Toy.Source(_spheres, batchSize: 4))).Should().Throw<NonFiniteLossException>();
        Directory.Exists(Path.Combine(Run, "last")).Should().BeFalse();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Several_processes_do_what_one_does_with_as_many_batches_in_a_step(int size)
    {
        using Batch spheres = Toy.Spheres(cases: 7);
        (float[] Weights, byte[] Bits) Fit(ICollective? collective, int batchesPerStep)
        {
            using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
            manual_seed(3);
            var objective = new WeightedObjective(
                new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("GT of the teacher", 1, new TeacherAsStudentLoss(new ReferenceLoss())),
                new LossTerm("consistency", 1, new CoTrainingConsistencyLoss()));
            var options = new TrainingOptions
            {
                Epochs = 3,
                // Adam would turn rounding into steps where the true gradient is 0.
                Optimizer = parameters => optim.SGD(parameters, 0.05),
                Precision = Precision.Full,
                BatchesPerStep = batchesPerStep,
                Collective = collective,
            };
            new CoTrainingTrainer(student, new LearningTeacher(teacher), Toy.Labels, objective, options).Fit(Toy.Source(spheres, batchSize: 1));
            using var scope = NewDisposeScope();
            Tensor all = cat([.. student.Module.parameters().Concat(teacher.Module.parameters()).Select(parameter => parameter.detach().flatten())]);
            return ([.. all.data<float>()], [.. Toy.Bits(student), .. Toy.Bits(teacher)]);
        }

        (float[] one, _) = Fit(null, size);
        (float[] Weights, byte[] Bits)[] several = ThreadCollective.Run(size, collective => Fit(collective, 1));
        several.Should().OnlyContain(outcome => outcome.Bits.SequenceEqual(several[0].Bits));
        several[0].Weights.Zip(one).Max(pair => Math.Abs(pair.First - pair.Second)).Should().BeLessThan(2e-6f);
        Fit(null, 1).Weights.Zip(one).Max(pair => Math.Abs(pair.First - pair.Second)).Should().BeGreaterThan(2e-4f, "else nothing was shown");
    }

    [Theory]
    [InlineData("ACN")]
    [InlineData("SMU-Net")]
    public void A_fit_keeps_no_tensor(string method)
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        using WeightedObjective objective = Objective(method);
        List<long> live = [];
        var options = new TrainingOptions { Epochs = 5, Callbacks = [new ActionCallback(epoch: (_, _) => live.Add(LiveTensors.Held()))] };
        new CoTrainingTrainer(student, new LearningTeacher(teacher), Toy.Labels, objective, options)
            .Fit(Toy.Source(_spheres, batchSize: 1), Toy.Source(_spheres));
        live[4].Should().Be(live[1], "epochs 2 to 4 leave what epoch 1 left: {0}", string.Join(", ", live));
    }

    [Fact]
    public void A_loss_that_is_ramped_up_rises_with_the_epoch_and_counts_in_full_in_validation()
    {
        using UNet3D student = Toy.Student();
        var objective = new WeightedObjective("one", new RampedUpLoss(new ConstantLoss(), 4));
        TrainingResult result = new SupervisedTrainer(student, Toy.Labels, new TrainingOptions { Epochs = 6 }, objective)
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));
        double[] expected = [Math.Exp(-5), Math.Exp(-5 * 0.5625), Math.Exp(-1.25), Math.Exp(-5 * 0.0625), 1, 1];
        result.History.Select(epoch => epoch.Training.Total).Zip(expected).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < 1e-6);
        result.History.Select(epoch => epoch.Validation!.Total).Should().OnlyContain(value => value == 1);
        FluentActions.Invoking(() => new RampedUpLoss(new ConstantLoss(), -1)).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*but is -1*");
    }

    private static WeightedObjective Objective(string method)
    {
        manual_seed(5);
        // The published weight of the consistency, which is 10, would hold the teacher back for longer than these fits last.
        return method == "ACN"
            ? AdversarialCoTrainingObjective.Create(
                Toy.Labels, 4, options: new() { ConsistencyWeight = 1, Entropy = new() { Width = 4 }, Knowledge = new() { Width = 4 } })
            : StyleMatchingObjective.Create([2, 4], options: new() { ConsistencyWeight = 1, Adversarial = new() { Width = 4 } });
    }

    private static ModuleAdapter Network(long seed, params string[] modalities) => Toy.NetworkWithBuffers(seed, dropout: 0.2, modalities);

    // Batch norm and dropout in both networks. A resumed run begins with other random weights, so that whatever is not loaded shows.
    private TrainingResult Fit(
        string method, string folder, int epochs, bool resume = false, ActionCallback? callback = null, CancellationToken cancellation = default)
    {
        using ModuleAdapter student = Network(resume ? 21 : 1, "faint");
        using ModuleAdapter teacher = Network(resume ? 22 : 2, Toy.Modalities);
        if (resume && !new TrainingRun(folder).HasBegun)
        {
            using ModuleAdapter first = Network(1, "faint"), second = Network(2, Toy.Modalities);
            ModuleState.Copy(first.Module.state_dict(), student.Module);
            ModuleState.Copy(second.Module.state_dict(), teacher.Module);
        }

        bool begins = !resume || !new TrainingRun(folder).HasBegun;
        manual_seed(begins ? 5 : 6);
        using WeightedObjective objective = method == "ACN"
            ? AdversarialCoTrainingObjective.Create(Toy.Labels, 4, options: new() { Entropy = new() { Width = 4 }, Knowledge = new() { Width = 4 } })
            : StyleMatchingObjective.Create([4], options: new() { Adversarial = new() { Width = 4 } });
        var options = new TrainingOptions
        {
            Epochs = epochs,
            LearningRate = 1e-2,
            Seed = 7,
            Schedule = new PlateauSchedule { Patience = 1, Factor = 0.5 },
            GradientSharesEvery = 2,
            OutputFolder = folder,
            Resume = resume,
            Callbacks = callback is null ? [] : [callback],
        };
        return new CoTrainingTrainer(student, new LearningTeacher(teacher), Toy.Labels, objective, options)
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres), cancellationToken: cancellation);
    }

    private sealed class DecoderReader : IDecoderFeatureLoss
    {
        public IReadOnlyList<string> StudentFeatures => [DecoderFeatureNames.Last];

        public IReadOnlyList<string> TeacherFeatures => [DecoderFeatureNames.Level(0)];

        public Tensor Compute(DistillationContext context) => context.Student.DecoderFeature(DecoderFeatureNames.Last).square().mean()
            + context.Teacher.DecoderFeature(DecoderFeatureNames.Level(0)).detach().mean();
    }

    private sealed class ConstantLoss : IDistillationLoss
    {
        public Tensor Compute(DistillationContext context) => (context.Student.Logits * 0).sum() + 1;
    }

    // Finite, with a gradient that is not: the root has no slope at 0.
    private sealed class InfiniteGradient : IDistillationLoss
    {
        public Tensor Compute(DistillationContext context) => (context.Student.Logits * 0).sum().sqrt();
    }

    // A network of its own that learns with the student's weights.
    private sealed class Sharing(UNet3D student) : IEncoderDecoder
    {
        private readonly Sequential _module = nn.Sequential(("inner", student));

        public nn.Module Module => _module;

        public IReadOnlyList<string> Modalities => student.Modalities;

        public int OutputChannels => student.OutputChannels;

        public NetworkRecipe? Recipe => null;

        public EncoderOutput Encode(ModalityImages images) => student.Encode(images);

        public Tensor Decode(EncoderOutput encoding) => student.Decode(encoding);

        public void Dispose()
        {
        }
    }

    private sealed class Watcher : ISelfTrainingLoss, IDisposable
    {
        private readonly Linear _weight = nn.Linear(1, 1);

        public Watcher() => Optimizer = optim.SGD(_weight.parameters(), 0.1);

        public List<(IEncoderDecoder Student, IEncoderDecoder Teacher, bool HasGraph)> Seen { get; } = [];

        public nn.Module Module => _weight;

        public OptimizerHelper Optimizer { get; }

        public Tensor Compute(DistillationContext context) => context.StudentProbabilities.mean();

        public Tensor ComputeOwn(DistillationContext context)
        {
            Seen.Add((context.Student.Network, context.Teacher.Network, context.Student.Logits.requires_grad || context.Teacher.Logits.requires_grad));
            return _weight.call(ones(1, 1)).sum();
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            _weight.Dispose();
        }
    }
}
