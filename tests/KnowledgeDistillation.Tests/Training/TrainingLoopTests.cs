using System.Runtime.InteropServices;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using Microsoft.Extensions.Logging;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

public sealed class TrainingLoopTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("Expected false to be true, but got false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)")]
    [InlineData("Unknown scalar type -1")]
    public void A_number_that_was_freed_while_torch_read_it_is_explained(string message)
    {
        using UNet3D student = Toy.Student();
        var trainer = new SupervisedTrainer(
            student, Toy.Labels, new TrainingOptions { Epochs = 1 }, new WeightedObjective("own", new Failing(new TorchFault(message))));
        FluentActions.Invoking(() => trainer.Fit(Toy.Source(_spheres))).Should().Throw<InvalidOperationException>()
            .WithMessage("The garbage collector freed a number*Resume*").WithInnerException<ExternalException>();
    }

    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 15.77 GiB.\nException raised from malloc")]
    [InlineData("CUDA error: out of memory")]
    [InlineData("MPS backend out of memory (MPS allocated: 7 GB)")]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")]
    [InlineData("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 7 bytes. Error code 12")]
    public void A_device_without_enough_memory_is_explained_in_one_line(string message)
    {
        using UNet3D student = Toy.Student();
        var trainer = new SupervisedTrainer(
            student, Toy.Labels, new TrainingOptions { Epochs = 1 }, new WeightedObjective("own", new Failing(new TorchFault(message))));
        FluentActions.Invoking(() => trainer.Fit(Toy.Source(_spheres))).Should().Throw<InvalidOperationException>()
            .WithMessage($"A training step needs more memory than there is. *BatchesPerStep*Mixed*Resume*{message.Split('\n')[0]}")
            .WithInnerException<ExternalException>();
    }

    [Fact]
    public void So_is_a_step_that_asks_for_more_than_any_machine_has()
    {
        using UNet3D student = Toy.Student();
        var trainer = new SupervisedTrainer(student, Toy.Labels, new TrainingOptions { Epochs = 1 }, new WeightedObjective("own", new Greedy()));
        FluentActions.Invoking(() => trainer.Fit(Toy.Source(_spheres))).Should().Throw<InvalidOperationException>()
            .WithMessage("A training step needs more memory*");
    }

    private sealed class Greedy : IDistillationLoss
    {
        public Tensor Compute(DistillationContext context) => zeros([1L << 48]).sum();
    }

    [Fact]
    public void Other_complaints_of_torch_reach_the_caller_as_they_are()
    {
        using UNet3D student = Toy.Student();
        var fault = new TorchFault("expected scalar type Float but found Double");
        var trainer = new SupervisedTrainer(student, Toy.Labels, new TrainingOptions { Epochs = 1 }, new WeightedObjective("own", new Failing(fault)));
        FluentActions.Invoking(() => trainer.Fit(Toy.Source(_spheres))).Should().Throw<ExternalException>().Which.Should().BeSameAs(fault);
    }

    private sealed class TorchFault(string message) : ExternalException(message);

    private sealed class Failing(Exception exception) : IDistillationLoss
    {
        public Tensor Compute(DistillationContext context) => throw exception;
    }

    [Fact]
    public void The_loss_falls_with_and_without_a_teacher()
    {
        var options = new TrainingOptions { Epochs = 10, LearningRate = 1e-2 };
        using UNet3D teacher = Toy.Teacher();
        TrainingResult supervised = new SupervisedTrainer(teacher, Toy.Labels, options).Fit(Toy.Source(_spheres));
        using UNet3D student = Toy.Student();
        TrainingResult distilled = new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options).Fit(Toy.Source(_spheres));

        foreach (TrainingResult result in new[] { supervised, distilled })
        {
            result.StopReason.Should().Be(StopReason.EpochsDone);
            result.History.Should().HaveCount(10);
            result.History[^1].Training.Total.Should().BeLessThan(0.9 * result.History[0].Training.Total);
        }

        distilled.History[0].Training.Terms.Select(term => (term.Name, term.Weight)).Should().Equal(("KD", 0.75), ("GT", 0.25), ("KL", 10.0));
    }

    [Fact]
    public void An_epochs_loss_is_the_mean_over_cases_even_where_the_last_batch_is_smaller()
    {
        using Batch three = Toy.Spheres(cases: 3);
        using UNet3D network = Toy.Student();
        var options = new TrainingOptions { Epochs = 1, RestoreBestWeights = false };
        TrainingResult whole = new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(three), Toy.Source(three, batchSize: 3, shuffleSeed: null));
        byte[] bits = Toy.Bits(network);
        using UNet3D same = Toy.Student();
        TrainingResult split = new SupervisedTrainer(same, Toy.Labels, options).Fit(Toy.Source(three), Toy.Source(three, batchSize: 2, shuffleSeed: null));

        Toy.Bits(same).Should().Equal(bits);
        split.History[0].Validation!.Total.Should().BeApproximately(whole.History[0].Validation!.Total, 1e-5);
    }

    [Fact]
    public void A_long_gradient_is_cut_to_the_asked_length()
    {
        // With plain gradient descent of rate 1 the step is the gradient itself.
        double StepLength(double? clip)
        {
            using UNet3D network = Toy.Student();
            using Tensor before = Flat(network);
            var options = new TrainingOptions
            {
                Epochs = 1,
                GradientClipNorm = clip,
                Optimizer = parameters => optim.SGD(parameters, learningRate: 1),
                Schedule = new ConstantSchedule(),
                RestoreBestWeights = false,
            };
            new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres, batchSize: 4));
            using Tensor after = Flat(network);
            using Tensor length = (after - before).norm();
            return length.item<float>();
        }

        StepLength(clip: null).Should().BeGreaterThan(0.1);
        StepLength(clip: 0.01).Should().BeApproximately(0.01, 1e-5);
        StepLength(clip: 1000).Should().BeApproximately(StepLength(clip: null), 1e-6);
    }

    [Theory]
    [InlineData(1, 0.1)]
    [InlineData(3, 0.1)]
    [InlineData(3, 1e6)]
    public void Gradients_are_cut_as_torch_cuts_them_bit_by_bit(int count, double longest)
    {
        using var scope = NewDisposeScope();
        Parameter[] ours = Parameters(), torchs = Parameters();
        GradientClipping.Clip(ours.Append(new Parameter(ones(2))), longest);
        nn.utils.clip_grad_norm_(torchs, longest);
        foreach ((Parameter one, Parameter other) in ours.Zip(torchs))
            one.grad!.bytes.ToArray().Should().Equal(other.grad!.bytes.ToArray());

        Parameter[] Parameters()
        {
            using var generator = new Generator(5);
            return [.. Enumerable.Range(1, count).Select(length =>
            {
                var parameter = new Parameter(zeros(length, 7));
                parameter.grad = randn([length, 7], generator: generator);
                return parameter;
            })];
        }
    }

    [Fact]
    public void Where_no_parameter_has_a_gradient_there_is_nothing_to_cut() => GradientClipping.Clip([new Parameter(ones(2))], 1);

    [Fact]
    public void A_parameter_that_a_step_does_not_use_stays_where_it_is()
    {
        using UNet3D network = Toy.Student();
        using var loss = new AlternatingLoss();
        List<float[]> values = [loss.Values];
        var options = new TrainingOptions { Epochs = 1, LearningRate = 0.1, Callbacks = [new ActionCallback(_ => values.Add(loss.Values))] };
        new SupervisedTrainer(network, Toy.Labels, options, new WeightedObjective("two-handed", loss)).Fit(Toy.Source(_spheres, batchSize: 1));

        values.Should().HaveCountGreaterThanOrEqualTo(4);
        for (int step = 0; step + 1 < values.Count; step++)
        {
            values[step + 1][step % 2].Should().BeLessThan(values[step][step % 2]);
            values[step + 1][1 - (step % 2)].Should().Be(values[step][1 - (step % 2)], "Adam's momentum moves only what has a gradient");
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    public void Losses_read_several_steps_at_once_are_those_read_step_by_step(int stepsPerReading)
    {
        (TrainingResult Result, List<TrainingProgress> Steps) Fit(int? perReading)
        {
            using UNet3D network = Toy.Student();
            using UNet3D teacher = Toy.Teacher();
            List<TrainingProgress> steps = [];
            var options = new TrainingOptions { Epochs = 2, StepsPerReading = perReading, Callbacks = [new ActionCallback(steps.Add)] };
            TrainingResult result = new DistillationTrainer(network, new FrozenTeacher(teacher), Toy.Labels, options)
                .Fit(Toy.Source(_spheres, batchSize: 1), OneBatch());
            return (result, steps);
        }

        (TrainingResult expected, List<TrainingProgress> expectedSteps) = Fit(null);
        (TrainingResult result, List<TrainingProgress> steps) = Fit(stepsPerReading);
        result.History.Should().BeEquivalentTo(expected.History, options => options.WithStrictOrdering().Excluding(report => report.Seconds));
        steps.Should().BeEquivalentTo(expectedSteps, options => options.WithStrictOrdering().Excluding(step => step.Elapsed).Excluding(step => step.Remaining));
    }

    [Fact]
    public void A_step_over_several_small_batches_is_the_step_over_one_large_one()
    {
        Tensor Trained(Batch spheres, int batchSize, int batchesPerStep)
        {
            using UNet3D network = Toy.Student();
            var options = new TrainingOptions
            {
                Epochs = 1,
                BatchesPerStep = batchesPerStep,
                Precision = Precision.Full,
                GradientClipNorm = 1,
                Optimizer = parameters => optim.SGD(parameters, learningRate: 0.1),
                Schedule = new ConstantSchedule(),
                RestoreBestWeights = false,
            };
            new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(spheres, batchSize, shuffleSeed: null));
            return Flat(network);
        }

        using var scope = NewDisposeScope();
        using Batch six = Toy.Spheres(cases: 6);
        // Steps over 4 and, at the end of the epoch, 2 cases.
        Tensor large = Trained(six, batchSize: 4, batchesPerStep: 1);
        double Gap(Tensor other) => (other - large).abs().max().item<float>();
        Gap(Trained(six, batchSize: 1, batchesPerStep: 4)).Should().BeLessThan(1e-5);
        Gap(Trained(six, batchSize: 2, batchesPerStep: 2)).Should().BeLessThan(1e-5);
        Gap(Trained(six, batchSize: 1, batchesPerStep: 1)).Should().BeGreaterThan(1e-3);
    }

    [Fact]
    public void The_fit_stops_when_the_watched_loss_has_not_fallen_for_so_many_epochs()
    {
        using UNet3D network = Toy.Student();
        var objective = new WeightedObjective("scripted", new ScriptedLoss(5, 4, 4.5, 3, 3, 3.5, 2, 1));
        var options = new TrainingOptions { Epochs = 8, EarlyStoppingPatience = 2 };
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, options, objective).Fit(Toy.Source(_spheres), OneBatch());

        result.StopReason.Should().Be(StopReason.StoppedEarly);
        result.History.Select(report => report.WatchedLoss).Should().Equal(5, 4, 4.5, 3, 3, 3.5);
        result.History.Select(report => report.IsBest).Should().Equal(true, true, false, true, false, false);
        result.Best.Epoch.Should().Be(3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_network_gets_back_the_weights_of_the_epoch_with_the_lowest_validation_loss(bool withFolder)
    {
        using UNet3D network = Toy.Student();
        List<byte[]> bits = [];
        var options = new TrainingOptions
        {
            Epochs = 4,
            LearningRate = 1e-2,
            OutputFolder = withFolder ? _folder["run"] : null,
            Callbacks = [new ActionCallback(epoch: (_, trained) => bits.Add(Toy.Bits(trained)))],
        };
        var objective = new WeightedObjective("scripted", new ScriptedLoss(3, 1, 2, 1));
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, options, objective).Fit(Toy.Source(_spheres), OneBatch());

        bits.Should().OnlyHaveUniqueItems(item => Convert.ToHexString(item));
        Toy.Bits(network).Should().Equal(bits[1]);
        network.training.Should().BeFalse();
        if (!withFolder)
        {
            (result.BestCheckpoint, result.LastCheckpoint).Should().Be((null, null));
            return;
        }

        BitsOf(result.BestCheckpoint!).Should().Equal(bits[1]);
        BitsOf(result.LastCheckpoint!).Should().Equal(bits[3]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_restoring_the_network_keeps_its_last_weights(bool withFolder)
    {
        using UNet3D network = Toy.Student();
        byte[] last = [];
        var options = new TrainingOptions
        {
            Epochs = 2,
            RestoreBestWeights = false,
            OutputFolder = withFolder ? _folder["run"] : null,
            Callbacks = [new ActionCallback(epoch: (_, trained) => last = Toy.Bits(trained))],
        };
        new SupervisedTrainer(network, Toy.Labels, options, new WeightedObjective("scripted", new ScriptedLoss(1, 2))).Fit(Toy.Source(_spheres), OneBatch());
        Toy.Bits(network).Should().Equal(last);
    }

    [Fact]
    public void The_schedule_sees_the_watched_losses_and_multiplies_the_rate_of_every_parameter_group()
    {
        using UNet3D network = Toy.Student();
        OptimizerHelper? made = null;
        List<double[]> rates = [];
        var options = new TrainingOptions
        {
            Epochs = 4,
            Schedule = new PlateauSchedule { Patience = 1, Factor = 0.5 },
            RestoreBestWeights = false,
            Optimizer = parameters =>
            {
                Parameter[] all = [.. parameters];
                var optimizer = optim.SGD([new SGD.ParamGroup(all[..2], lr: 0.1), new SGD.ParamGroup(all[2..], lr: 0.01)], learningRate: 1);
                made = optimizer;
                return optimizer;
            },
            Callbacks = [new ActionCallback(epoch: (_, _) => rates.Add([.. made!.ParamGroups.Select(group => group.LearningRate)]))],
        };
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, options, new WeightedObjective("scripted", new ScriptedLoss(2, 3, 1, 1)))
            .Fit(Toy.Source(_spheres), OneBatch());

        rates.Select(groups => groups[0]).Should().Equal(0.1, 0.1, 0.05, 0.05);
        rates.Select(groups => groups[1]).Should().Equal(0.01, 0.01, 0.005, 0.005);
        result.History.Select(report => report.LearningRate).Should().Equal(0.1, 0.1, 0.05, 0.05);
    }

    [Fact]
    public void Cancelling_stops_between_two_steps_and_leaves_a_folder_that_can_be_resumed()
    {
        using UNet3D uninterrupted = Toy.Student();
        new SupervisedTrainer(uninterrupted, Toy.Labels, Options()).Fit(Toy.Source(_spheres, batchSize: 1));

        using UNet3D network = Toy.Student();
        using var source = new CancellationTokenSource();
        var progress = new ListProgress(report =>
        {
            if (report is { Epoch: 1, Step: 2 })
                source.Cancel();
        });
        TrainingOptions options = Options() with { OutputFolder = _folder["run"] };
        FluentActions.Invoking(() =>
            new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres, batchSize: 1), progress: progress, cancellationToken: source.Token))
            .Should().Throw<OperationCanceledException>().Which.CancellationToken.Should().Be(source.Token);
        progress.Reports[^1].Should().Match<TrainingProgress>(report => report.Epoch == 1 && report.Step == 2);

        using UNet3D resumed = Toy.Student(seed: 99);
        new SupervisedTrainer(resumed, Toy.Labels, options with { Resume = true }).Fit(Toy.Source(_spheres, batchSize: 1));
        Toy.Bits(resumed).Should().Equal(Toy.Bits(uninterrupted));

        static TrainingOptions Options() => new() { Epochs = 3, LearningRate = 1e-2 };
    }

    [Fact]
    public void A_token_that_is_cancelled_beforehand_starts_nothing()
    {
        using UNet3D network = Toy.Student();
        byte[] before = Toy.Bits(network);
        FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels, new TrainingOptions { OutputFolder = _folder["run"] })
            .Fit(Toy.Source(_spheres), cancellationToken: new CancellationToken(canceled: true))).Should().Throw<OperationCanceledException>();
        Toy.Bits(network).Should().Equal(before);
        Directory.Exists(_folder["run"]).Should().BeFalse();
    }

    [Fact]
    public void Progress_tells_each_step_as_plain_data()
    {
        using UNet3D network = Toy.Student();
        var progress = new ListProgress();
        new SupervisedTrainer(network, Toy.Labels, new TrainingOptions { Epochs = 2, LearningRate = 1e-3 }).Fit(Toy.Source(_spheres), progress: progress);

        progress.Reports.Select(report => (report.Epoch, report.Step)).Should().Equal((0, 1), (0, 2), (1, 1), (1, 2));
        progress.Reports.Should().OnlyContain(report =>
            report.Epochs == 2 && report.StepsPerEpoch == 2 && report.LearningRate == 1e-3 && report.Terms.Count == 1 && report.Loss > 0);
        progress.Reports.Select(report => report.Elapsed).Should().BeInAscendingOrder();
        progress.Reports[^1].Remaining.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void Callbacks_are_told_in_order_after_the_checkpoint_and_an_exception_ends_the_fit()
    {
        using UNet3D network = Toy.Student();
        List<string> calls = [];
        ActionCallback Named(string name) => new(
            step => calls.Add($"{name} step {step.Epoch}.{step.Step}"),
            (history, _) => calls.Add($"{name} epoch {history[^1].Epoch}, saved {BitsOf(_folder["run/last"]).SequenceEqual(Toy.Bits(network))}"));
        var failing = new ActionCallback(epoch: (history, _) =>
        {
            if (history.Count == 2)
                throw new InvalidDataException("enough");
        });
        var options = new TrainingOptions { Epochs = 5, OutputFolder = _folder["run"], Callbacks = [Named("a"), failing, Named("b")] };
        FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres, batchSize: 4)))
            .Should().Throw<InvalidDataException>().WithMessage("enough");
        calls.Should().Equal("a step 0.1", "b step 0.1", "a epoch 0, saved True", "b epoch 0, saved True", "a step 1.1", "b step 1.1", "a epoch 1, saved True");
    }

    [Fact]
    public void Epochs_are_logged()
    {
        using UNet3D network = Toy.Student();
        using UNet3D teacher = Toy.Teacher();
        var logger = new ListLogger<DistillationTrainer>();
        new DistillationTrainer(network, new FrozenTeacher(teacher), Toy.Labels, new TrainingOptions { Epochs = 2 }, logger: logger)
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres));
        logger.Messages.Should().HaveCount(2);
        logger.Messages[0].Should().StartWith("Epoch 0: training loss ").And.Contain("validation loss").And.Contain("learning rate 0.0001")
            .And.EndWith("(best so far)");
    }

    [Fact]
    public void All_faults_of_the_options_are_told_at_once()
    {
        using UNet3D network = Toy.Student();
        var options = new TrainingOptions
        {
            Epochs = 0,
            LearningRate = double.NaN,
            WeightDecay = -1,
            GradientClipNorm = 0,
            EarlyStoppingPatience = 0,
            GradientSharesEvery = -1,
            BatchesPerStep = 0,
            Precision = (Precision)7,
            Resume = true,
        };
        string message = FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels, options)).Should().Throw<ArgumentException>().Which.Message;
        foreach (string option in new[]
        {
            "Epochs", "LearningRate", "WeightDecay", "GradientClipNorm", "EarlyStoppingPatience",
            "GradientSharesEvery", "BatchesPerStep", "Precision", "Resume",
        })
        {
            message.Should().Contain(option);
        }
    }

    [Fact]
    public void Null_where_an_option_must_be_given_is_a_fault_like_others()
    {
        using UNet3D network = Toy.Student();
        var options = new TrainingOptions { Schedule = null!, Callbacks = null!, Metadata = null! };
        string message = FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels, options)).Should().Throw<ArgumentException>().Which.Message;
        message.Should().Contain("Schedule").And.Contain("Callbacks").And.Contain("Metadata");
    }

    [Fact]
    public void A_schedule_that_is_out_of_range_is_noticed_before_the_first_epoch()
    {
        using UNet3D network = Toy.Student();
        byte[] before = Toy.Bits(network);
        var options = new TrainingOptions { Schedule = new PlateauSchedule { Factor = 2, Patience = 0 } };
        FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres)))
            .Should().Throw<ArgumentException>().WithMessage("*Factor*Patience*");
        Toy.Bits(network).Should().Equal(before);
    }

    [Fact]
    public void The_default_options_are_the_papers_protocol()
    {
        var options = new TrainingOptions();
        (options.Epochs, options.LearningRate, options.WeightDecay).Should().Be((500, null, null), "null stands for 1e-4 and 0");
        (TrainingOptions.DefaultLearningRate, TrainingOptions.DefaultWeightDecay).Should().Be((1e-4, 0));
        options.Schedule.Should().Be(new PlateauSchedule { Factor = 0.2, Patience = 50 });
        (options.Optimizer, options.GradientClipNorm, options.EarlyStoppingPatience, options.OutputFolder).Should().Be((null, null, null, null));
        (options.Seed, options.GradientSharesEvery, options.Resume, options.RestoreBestWeights).Should().Be((0L, 0, false, true));
        options.Metadata.Should().BeEmpty();
        options.Callbacks.Should().BeEmpty();
    }

    [Fact]
    public void A_network_whose_channels_are_not_the_label_schemes_is_refused()
    {
        using UNet3D network = Toy.Student();
        FluentActions.Invoking(() => new SupervisedTrainer(network, new ExclusiveClasses("background", "core", "rim")))
            .Should().Throw<ArgumentException>().WithMessage("*2 output channels*3*background, core, rim*");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void A_source_that_gives_other_batches_than_it_promises_is_refused(int promised)
    {
        using UNet3D network = Toy.Student();
        var source = new PromisingSource(Toy.Source(_spheres), promised);
        FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels).Fit(source))
            .Should().Throw<InvalidOperationException>().WithMessage($"*PromisingSource*{promised}*gave 2*");
    }

    private InMemoryBatchSource OneBatch() => Toy.Source(_spheres, batchSize: 4, shuffleSeed: null);

    private static byte[] BitsOf(string checkpoint)
    {
        using var model = SegmentationModel.Load(checkpoint);
        return Toy.Bits(model.Network);
    }

    private static Tensor Flat(UNet3D network)
    {
        using var scope = NewDisposeScope();
        return cat([.. network.parameters().Select(parameter => parameter.detach().flatten())]).MoveToOuterDisposeScope();
    }

    private sealed class PromisingSource(IBatchSource source, int promised) : IBatchSource
    {
        public int BatchCount => promised;

        public IEnumerable<Batch> ReadEpoch(int epoch) => source.ReadEpoch(epoch);
    }

    private sealed class ListLogger<T> : ILogger<T>
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Add(formatter(state, exception));
    }
}
