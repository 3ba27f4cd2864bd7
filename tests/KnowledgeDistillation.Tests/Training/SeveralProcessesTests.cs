using System.Text.Json;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
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

/// <summary>One fit in several processes, which are threads here; the same over MPI is in tests/Cluster.</summary>
public sealed class SeveralProcessesTests : IDisposable
{
    // Of sums of float32 in another order, after a few steps.
    private const double Rounding = 2e-6;

    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres(cases: 7);

    private static TrainingOptions Options => new()
    {
        Epochs = 3,
        // Adam would turn rounding into steps where the true gradient is 0.
        Optimizer = parameters => optim.SGD(parameters, 0.05),
        Precision = Precision.Full,
    };

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(7, 1)]
    public void Several_processes_do_what_one_does_with_as_many_batches_in_a_step(int size, int batchesPerStep)
    {
        Outcome one = Fit(null, Options with { BatchesPerStep = size * batchesPerStep, GradientClipNorm = 0.5 });
        Outcome[] several = ThreadCollective.Run(
            size, collective => Fit(collective, Options with { BatchesPerStep = batchesPerStep, GradientClipNorm = 0.5 }));

        RequireEqual(several, one);
        Outcome other = Fit(null, Options with { BatchesPerStep = batchesPerStep, GradientClipNorm = 0.5 });
        Distance(other.Weights, one.Weights).Should().BeGreaterThan(100 * Rounding, "else nothing was shown");
    }

    [Fact]
    public void A_batch_of_two_is_two_processes_with_a_batch_of_one()
    {
        Outcome one = Fit(null, Options, batchSize: 2);
        RequireEqual(ThreadCollective.Run(2, collective => Fit(collective, Options)), one);
    }

    [Fact]
    public void A_collective_of_one_changes_nothing_by_a_single_bit()
    {
        Outcome without = Fit(null, Options with { Optimizer = null, LearningRate = 1e-2 });
        Outcome with = ThreadCollective.Run(1, collective => Fit(collective, Options with { Optimizer = null, LearningRate = 1e-2 }))[0];
        with.Bits.Should().Equal(without.Bits);
        with.History.Should().Be(without.History);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_trained_beside_the_student_stays_the_same_in_all(int size)
    {
        // Seven cases: in the last round of an epoch one process has a batch, the others join.
        Outcome one = Distill(null, batchSize: size);
        Outcome[] several = ThreadCollective.Run(size, collective => Distill(collective, batchSize: 1));

        RequireEqual(several, one);
        several.Should().OnlyContain(outcome => outcome.LossBits.SequenceEqual(several[0].LossBits));
        Distance(several[0].LossWeights, one.LossWeights).Should().BeLessThan(Rounding);
    }

    [Fact]
    public void A_validation_of_fewer_cases_than_processes_gives_all_the_same_best_epoch()
    {
        using Batch validation = Toy.Spheres(cases: 2, seed: 5);
        TrainingOptions options = Options with { Epochs = 5, BestEpoch = BestEpochRule.Dice, Schedule = new PlateauSchedule { Patience = 1 } };
        Outcome one = Fit(null, options with { BatchesPerStep = 3 }, validation: Toy.Source(validation, batchSize: 1));
        RequireEqual(ThreadCollective.Run(3, collective => Fit(collective, options, validation: Toy.Source(validation, batchSize: 1))), one);
    }

    [Fact]
    public void Whole_validation_cases_are_dealt_out_as_well()
    {
        using Batch validation = Toy.Spheres(cases: 3, seed: 5);
        TrainingOptions options = Options with
        {
            BestEpoch = BestEpochRule.Dice,
            CaseValidation = new CaseValidation(
                Toy.Source(validation, batchSize: 1, shuffleSeed: null), new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [8, 8, 8] })),
        };
        Outcome one = Fit(null, options with { BatchesPerStep = 2 }, validation: Toy.Source(validation, batchSize: 1));
        Outcome[] several = ThreadCollective.Run(2, collective => Fit(collective, options, validation: Toy.Source(validation, batchSize: 1)));
        RequireEqual(several, one);
        several[0].Result.History.Should().OnlyContain(epoch => epoch.ValidationDice != null);
    }

    [Fact]
    public void Early_stopping_and_the_best_weights_are_those_of_all()
    {
        // The second process alone would choose epoch 1, and stop an epoch later.
        double[][] losses = [[1, 4, 5, 9], [1, 0.5, 6, 9]];
        using Batch validation = Toy.Spheres(cases: 2, seed: 5);
        Outcome[] several = ThreadCollective.Run(2, collective =>
        {
            using UNet3D network = Toy.Student();
            var objective = new WeightedObjective("GT", new ScriptedLoss(losses[collective.Rank]));
            TrainingOptions options = Options with { Epochs = 4, EarlyStoppingPatience = 2, Collective = collective };
            TrainingResult result = new SupervisedTrainer(network, Toy.Labels, options, objective)
                .Fit(Toy.Source(_spheres, batchSize: 1), Toy.Source(validation, batchSize: 1));
            return Outcome.Of(network, result);
        });

        several.Select(outcome => outcome.Result.StopReason).Should().OnlyContain(reason => reason == StopReason.StoppedEarly);
        several.Select(outcome => outcome.Result.Best.Epoch).Should().OnlyContain(epoch => epoch == 0);
        several[0].Result.History.Select(epoch => epoch.Validation!.Total).Should().Equal(1, 2.25, 5.5);
        several[1].Bits.Should().Equal(several[0].Bits);
    }

    [Fact]
    public void Only_the_first_writes_calls_and_reports()
    {
        var calls = new List<(int Rank, string What)>();
        ThreadCollective.Run(2, collective => Fit(
            collective,
            Options with
            {
                Epochs = 1,
                OutputFolder = _folder["run"],
                Callbacks =
                [
                    new ActionCallback(
                        step => calls.Add((collective.Rank, $"{step.Step}/{step.StepsPerEpoch}")), (_, _) => calls.Add((collective.Rank, "epoch"))),
                ],
            },
            progress: new ListProgress(_ => calls.Add((collective.Rank, "progress")))));

        calls.Should().OnlyContain(call => call.Rank == 0);
        calls.Select(call => call.What).Where(what => what != "progress").Should().Equal("2/7", "4/7", "6/7", "7/7", "epoch");
        calls.Count(call => call.What == "progress").Should().Be(4);
        new TrainingRun(_folder["run"]).ReadHistory().Should().ContainSingle();
        File.Exists(_folder["run", "writer.lock"]).Should().BeFalse();
    }

    [Fact]
    public void A_fit_goes_on_with_another_number_of_processes()
    {
        TrainingOptions options = Options with { Epochs = 2, OutputFolder = _folder["run"], Resume = true, Optimizer = null, LearningRate = 1e-3 };
        Outcome[] two = ThreadCollective.Run(2, collective => Fit(collective, options));
        Outcome one = Fit(null, options with { Epochs = 3 });
        Outcome[] three = ThreadCollective.Run(3, collective => Fit(collective, options with { Epochs = 5 }));
        Outcome[] nothing = ThreadCollective.Run(2, collective => Fit(collective, options with { Epochs = 5 }));

        one.Result.ResumedEpochs.Should().Be(2);
        three.Select(outcome => outcome.Result.ResumedEpochs).Should().Equal(3, 3, 3);
        three.Should().OnlyContain(outcome => outcome.Bits.SequenceEqual(three[0].Bits));
        three.Should().OnlyContain(outcome => outcome.Result.History.Count == 5);
        three[2].Result.History[0].Training.Total.Should().Be(two[0].Result.History[0].Training.Total);
        nothing.Should().OnlyContain(outcome => outcome.Bits.SequenceEqual(three[0].Bits));
    }

    [Fact]
    public void Uninterrupted_and_resumed_are_the_same_to_the_bit()
    {
        TrainingOptions options = Options with { Epochs = 3, OutputFolder = _folder["run"], Resume = true, Optimizer = null, LearningRate = 1e-3 };
        ThreadCollective.Run(2, collective => Fit(collective, options with { Epochs = 1 }));
        Outcome[] resumed = ThreadCollective.Run(2, collective => Fit(collective, options));
        Outcome[] uninterrupted = ThreadCollective.Run(2, collective => Fit(collective, options with { OutputFolder = _folder["other"] }));
        resumed[1].Bits.Should().Equal(uninterrupted[0].Bits);
    }

    [Fact]
    public void Statistics_of_a_batch_norm_are_those_of_the_first()
    {
        byte[][] bits = ThreadCollective.Run(2, collective =>
        {
            using ModuleAdapter network = Toy.NetworkWithBuffers(seed: 1 + collective.Rank, dropout: 0, "faint");
            FitNetwork(network, collective, Options with { RestoreBestWeights = false });
            return Toy.Bits(network);
        });
        bits[1].Should().Equal(bits[0]);
    }

    [Fact]
    public void Fewer_batches_than_processes_are_refused() =>
        FluentActions.Invoking(() => ThreadCollective.Run(3, collective => Fit(collective, Options, batchSize: 4)))
            .Should().Throw<InvalidOperationException>().WithMessage("An epoch has 2 batches, too few for 3 processes*");

    [Fact]
    public void Processes_with_different_options_are_refused() =>
        FluentActions.Invoking(() => ThreadCollective.Run(
                2, collective => Fit(collective, Options with { BatchesPerStep = 1 + collective.Rank })))
            .Should().Throw<InvalidOperationException>().WithMessage("*process 2 of 2 has \"BatchesPerStep 2\" where process 1 has \"BatchesPerStep 1\".");

    [Fact]
    public void Processes_with_different_sources_are_refused() =>
        FluentActions.Invoking(() => ThreadCollective.Run(2, collective => Fit(collective, Options, batchSize: 1 + collective.Rank)))
            .Should().Throw<InvalidOperationException>().WithMessage("*process 2 of 2 has \"4 training batches\" where process 1 has \"7 training batches\".");

    [Fact]
    public void A_loss_that_is_not_finite_names_the_case_of_the_process_that_met_it()
    {
        using Batch damaged = Toy.Spheres(cases: 4);
        damaged.Images["faint"].select(0, 3).fill_(float.NaN);
        FluentActions.Invoking(() => ThreadCollective.Run(2, collective =>
        {
            using UNet3D network = Toy.Student();
            return new SupervisedTrainer(network, Toy.Labels, Options with { Collective = collective })
                .Fit(Toy.Source(damaged, batchSize: 1, shuffleSeed: null));
        })).Should().Throw<NonFiniteLossException>().Which.Should().Match<NonFiniteLossException>(fault => fault.Step == 3 && fault.CaseIds[0] == "case 3");
    }

    [Fact]
    public void A_source_that_cannot_leave_out_batches_is_read_by_all()
    {
        Outcome one = Fit(null, Options with { BatchesPerStep = 2 });
        Outcome[] several = ThreadCollective.Run(2, collective =>
        {
            using UNet3D network = Toy.Student();
            TrainingResult result = FitNetwork(network, collective, Options, source => new Whole(source));
            return Outcome.Of(network, result);
        });
        RequireEqual(several, one);
    }

    [Theory]
    [InlineData(6, "but gave 3")]
    [InlineData(9, "but gave 4 or more")]
    public void A_source_that_gives_another_number_of_batches_than_it_says_is_refused(int given, string complaint) =>
        FluentActions.Invoking(() => ThreadCollective.Run(2, collective =>
        {
            using UNet3D network = Toy.Student();
            using Batch cases = Toy.Spheres(given);
            return FitNetwork(network, collective, Options, _ => new Claiming(Toy.Source(cases, 1), 7));
        })).Should().Throw<InvalidOperationException>().WithMessage($"*Claiming*{complaint}*");

    [Fact]
    public void Random_numbers_differ_from_process_to_process_and_not_from_a_fit_without_others()
    {
        long[] seeds = ThreadCollective.Run(3, collective => new FitProcesses(collective).SeedOf(5, epoch: 2));
        seeds.Should().OnlyHaveUniqueItems();
        new FitProcesses(null).SeedOf(5, epoch: 2).Should().Be(SeedMixer.Mix(5, 2));
        ThreadCollective.Run(1, collective => new FitProcesses(collective).SeedOf(5, epoch: 2)).Should().Equal(SeedMixer.Mix(5, 2));
    }

    [Fact]
    public void A_parameter_that_no_process_uses_keeps_no_gradient_and_one_that_some_use_gets_their_sum()
    {
        float[]?[][] gradients = ThreadCollective.Run(3, collective =>
        {
            // The second is larger than a bucket.
            Parameter[] parameters = [new(zeros(2, 3)), new(zeros(5_000_000)), new(zeros(3)), new(zeros(2, ScalarType.Float64))];
            if (collective.Rank > 0)
                parameters[0].grad = full([2, 3], (float)collective.Rank);
            parameters[1].grad = ones(5_000_000);
            if (collective.Rank == 2)
                parameters[3].grad = tensor([1.5, 2.5]);
            new FitProcesses(collective).SumGradients(parameters);
            return parameters.Select(parameter => parameter.grad?.to(ScalarType.Float32).data<float>().ToArray()).ToArray();
        });

        foreach (float[]?[] own in gradients)
        {
            own[0].Should().Equal(3, 3, 3, 3, 3, 3);
            own[1].Should().HaveCount(5_000_000).And.OnlyContain(value => value == 3);
            own[2].Should().BeNull();
            own[3].Should().Equal(1.5f, 2.5f);
        }
    }

    [Fact]
    public void The_parts_of_an_epoch_are_together_its_batches()
    {
        var volumes = Toy.Source(_spheres, batchSize: 2);
        foreach (IPartitionableBatchSource source in new IPartitionableBatchSource[]
        {
            volumes,
            new SliceBatchSource(volumes),
            new SliceBatchSource(new Whole(volumes)),
        })
        {
            string[] whole = Names(source.ReadEpoch(3));
            string[][] parts = [.. Enumerable.Range(0, 3).Select(part => Names(source.ReadEpoch(3, part, 3)))];
            whole.Select((_, number) => parts[number % 3][number / 3]).Should().Equal(whole);
            parts.Sum(part => part.Length).Should().Be(whole.Length);
        }

        static string[] Names(IEnumerable<Batch> batches)
        {
            var names = new List<string>();
            foreach (Batch batch in batches)
            {
                using (batch)
                    names.Add(string.Join(", ", batch.CaseIds) + batch.Images["faint"].sum().item<float>());
            }

            return [.. names];
        }
    }

    private static void RequireEqual(Outcome[] several, Outcome one)
    {
        several.Should().OnlyContain(outcome => outcome.Bits.SequenceEqual(several[0].Bits));
        several.Should().OnlyContain(outcome => outcome.History == several[0].History);
        Distance(several[0].Weights, one.Weights).Should().BeLessThan(Rounding);
        foreach ((EpochReport together, EpochReport alone) in several[0].Result.History.Zip(one.Result.History, (together, alone) => (together, alone)))
        {
            together.IsBest.Should().Be(alone.IsBest);
            together.LearningRate.Should().Be(alone.LearningRate);
            together.Training.Total.Should().BeApproximately(alone.Training.Total, 1e-5);
            together.Training.Terms.Select(term => (term.Name, term.Weight)).Should().Equal(alone.Training.Terms.Select(term => (term.Name, term.Weight)));
            (together.Validation?.Total ?? 0).Should().BeApproximately(alone.Validation?.Total ?? 0, 1e-5);
            (together.ValidationDice ?? -1).Should().BeApproximately(alone.ValidationDice ?? -1, 1e-9);
        }
    }

    private static double Distance(float[] one, float[] other) => one.Zip(other, (a, b) => Math.Abs((double)a - b)).Max();

    // Each process begins with weights of its own: those of the first count.
    private Outcome Fit(
        ICollective? collective, TrainingOptions options, int batchSize = 1, IBatchSource? validation = null, IProgress<TrainingProgress>? progress = null)
    {
        using UNet3D network = Toy.Student(1 + (collective?.Rank ?? 0));
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, options with { Collective = collective })
            .Fit(Toy.Source(_spheres, batchSize), validation, progress);
        return Outcome.Of(network, result);
    }

    private TrainingResult FitNetwork(
        IEncoderDecoder network, ICollective collective, TrainingOptions options, Func<IBatchSource, IBatchSource>? wrap = null)
    {
        InMemoryBatchSource source = Toy.Source(_spheres, batchSize: 1);
        return new SupervisedTrainer(network, Toy.Labels, options with { Collective = collective }).Fit(wrap?.Invoke(source) ?? source);
    }

    private Outcome Distill(ICollective? collective, int batchSize)
    {
        using UNet3D teacher = Toy.Teacher();
        using UNet3D student = Toy.Student(1 + (collective?.Rank ?? 0));
        manual_seed(4 + (collective?.Rank ?? 0));
        using var critic = new Critic();
        using var adapter = new AdapterLoss(studentWidth: 4, teacherWidth: 4);
        using var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("adapter", 0.1, adapter), new LossTerm("critic", 0.1, critic));
        TrainingResult result = new DistillationTrainer(
            student, [new FrozenTeacher(teacher)], Toy.Labels, objective, Options with { Collective = collective }).Fit(Toy.Source(_spheres, batchSize));
        Outcome outcome = Outcome.Of(student, result);
        return outcome with
        {
            LossBits = [.. Toy.Bits(critic.Module), .. Toy.Bits(((ILearnableLoss)adapter).Module)],
            LossWeights = [.. Outcome.Numbers(critic.Module), .. Outcome.Numbers(((ILearnableLoss)adapter).Module)],
        };
    }

    private sealed record Outcome(byte[] Bits, float[] Weights, TrainingResult Result)
    {
        public byte[] LossBits { get; init; } = [];

        public float[] LossWeights { get; init; } = [];

        // Without the seconds.
        public string History => JsonSerializer.Serialize(Result.History.Select(report => report with { Seconds = 0 }));

        public static Outcome Of(UNet3D network, TrainingResult result) => new(Toy.Bits(network), Numbers(network.Module), result);

        public static float[] Numbers(nn.Module module) =>
            [.. module.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal).SelectMany(entry => entry.Value.detach().data<float>().ToArray())];
    }

    /// <summary>A critic that computes over each case on its own, so that a batch of two is twice a batch of one.</summary>
    private sealed class Critic : ISelfTrainingLoss, IDisposable
    {
        private readonly Sequential _critic = nn.Sequential(nn.Conv3d(2, 4, 3, stride: 2), nn.LeakyReLU(0.2), nn.Conv3d(4, 1, 3, padding: 1));

        public Critic() => Optimizer = optim.SGD(_critic.parameters(), 0.05);

        public nn.Module Module => _critic;

        public OptimizerHelper Optimizer { get; }

        public Tensor Compute(DistillationContext context) => Judge(context.StudentProbabilities).negative().mean();

        public Tensor ComputeOwn(DistillationContext context) =>
            Judge(context.StudentProbabilities).mean() - Judge(context.Labels.Probabilities(context.Teacher.Logits)).mean();

        public void Dispose()
        {
            Optimizer.Dispose();
            _critic.Dispose();
        }

        private Tensor Judge(Tensor segmentation) => nn.functional.softplus(_critic.call(segmentation));
    }

    private sealed class Whole(IBatchSource source) : IBatchSource
    {
        public int BatchCount => source.BatchCount;

        public IEnumerable<Batch> ReadEpoch(int epoch) => source.ReadEpoch(epoch);
    }

    private sealed class Claiming(IBatchSource source, int batches) : IBatchSource
    {
        public int BatchCount => batches;

        public IEnumerable<Batch> ReadEpoch(int epoch) => source.ReadEpoch(epoch);
    }
}
