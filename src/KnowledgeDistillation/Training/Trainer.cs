using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Trains a network with or without teachers, by a step of your own if you need one. <see cref="SupervisedTrainer"/> and <see cref="DistillationTrainer"/>
/// are this trainer with the paper's defaults.
/// </summary>
/// <remarks>Network, teachers and objective belong to the caller. Not safe for use by several threads at once.</remarks>
public sealed class Trainer : ITrainer
{
    private readonly IEncoderDecoder _network;
    private readonly IReadOnlyList<FrozenTeacher> _teachers;
    private readonly LearningTeacher? _learningTeacher;
    private readonly LabelScheme _labels;
    private readonly WeightedObjective _objective;
    private readonly TrainingOptions _options;
    private readonly ITrainingStep? _step;
    private readonly LearningLosses _learningLosses;
    private readonly FitProcesses _processes;
    private readonly ILogger _logger;

    /// <summary>Makes a trainer.</summary>
    /// <param name="network">The network that learns, already on its device.</param>
    /// <param name="teachers">The networks that it learns from, on the same device; names differ. None to learn from the reference alone.</param>
    /// <param name="labels">How the channels of all relate to classes.</param>
    /// <param name="objective">What is minimized.</param>
    /// <param name="options">How the network is fitted; null for the paper's protocol.</param>
    /// <param name="step">How the objective is computed from a batch; null to run the network once and evaluate the objective on its output.</param>
    /// <param name="logger">Where epochs are logged; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range, the network's channels are not the label scheme's,
    /// a teacher is the network itself, two teachers have one name, or a decoder does not give the features that a loss reads.</exception>
    public Trainer(
        IEncoderDecoder network,
        IReadOnlyList<FrozenTeacher> teachers,
        LabelScheme labels,
        WeightedObjective objective,
        TrainingOptions? options = null,
        ITrainingStep? step = null,
        ILogger? logger = null)
        : this(network, teachers, learningTeacher: null, labels, objective, options, step, logger)
    {
    }

    /// <summary>Makes a trainer of a network and, where one is given, a teacher that learns with it: see <see cref="CoTrainingTrainer"/>.</summary>
    internal Trainer(
        IEncoderDecoder network,
        IReadOnlyList<FrozenTeacher> teachers,
        LearningTeacher? learningTeacher,
        LabelScheme labels,
        WeightedObjective objective,
        TrainingOptions? options,
        ITrainingStep? step,
        ILogger? logger)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(teachers);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(objective);
        options ??= new TrainingOptions();
        options.Validate();
        if (network.OutputChannels != labels.Channels)
        {
            throw new ArgumentException($"The network has {network.OutputChannels} output channels, but the label scheme has {labels.Channels}: "
                + $"{string.Join(", ", labels.ChannelNames)}.");
        }

        foreach (Region region in options.DiceRegions ?? [])
        {
            if (region.Classes.Any(one => one < 0 || one >= labels.ClassCount))
            {
                throw new ArgumentException($"The region '{region.Name}' of DiceRegions unites the classes {string.Join(", ", region.Classes)}, "
                    + $"but the classes of the label scheme are 0 to {labels.ClassCount - 1}.");
            }
        }

        foreach (FrozenTeacher teacher in teachers)
            teacher.CheckIsNot(network);
        string[] names = [.. teachers.Select(teacher => teacher.Name)];
        if (names.Distinct().Count() != names.Length)
            throw new ArgumentException($"The names of the teachers must differ, but are {string.Join(", ", names)}.");
        learningTeacher?.CheckFits(network, labels);

        foreach (FrozenTeacher teacher in teachers.Where(one => one.Network is EnsembleNetwork && objective.TeacherFeatures(one.Name).Count > 0))
        {
            throw new ArgumentException(
                $"The teacher '{teacher.Name}' is an ensemble, which has no features of a decoder to compare: "
                    + "those of networks that were trained apart are not "
                    + $"aligned. Make each member a teacher of its own and use a {nameof(TeacherMeanLoss)}, or leave the loss out.");
        }

        IEnumerable<(string Name, IEncoderDecoder Network)> all = teachers.Select(teacher => (teacher.Name, teacher.Network));
        objective.RequireFeatures(network, learningTeacher is null ? all : all.Append((learningTeacher.Name, learningTeacher.Network)));
        (_network, _teachers, _labels, _objective, _options, _step) = (network, [.. teachers], labels, objective, options, step);
        _learningTeacher = learningTeacher;
        _learningLosses = LearningLosses.In(objective);
        _processes = new FitProcesses(options.Collective);
        _logger = logger ?? NullLogger.Instance;
    }

    /// <inheritdoc/>
    public TrainingResult Fit(
        IBatchSource training,
        IBatchSource? validation = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(training);
        cancellationToken.ThrowIfCancellationRequested();
        TorchRuntime.EnsureAvailable();
        try
        {
            return FitChecked(training, validation, progress, cancellationToken);
        }
        catch (ExternalException exception) when (FreedNumber.IsCauseOf(exception))
        {
            throw new InvalidOperationException(FreedNumber.Explanation, exception);
        }
        catch (ExternalException exception) when (MemoryShortage.IsCauseOf(exception))
        {
            throw MemoryShortage.InFit(exception);
        }
    }

    private TrainingResult FitChecked(
        IBatchSource training, IBatchSource? validation, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        using ComputePrecision.Scope precision = ComputePrecision.Use(_options.Precision, Device);
        Parameter[] parameters = Learning(Networks.SelectMany(network => network.Module.parameters()).Concat(_learningLosses.Parameters));
        if (parameters.Length == 0 || (_learningTeacher is not null && Learning(_network.Module.parameters()).Length == 0))
        {
            throw new InvalidOperationException(
                "The network has no parameter that takes a gradient, so there is nothing to learn: was it frozen as a teacher?");
        }

        if (_learningTeacher is not null && Learning(_learningTeacher.Network.Module.parameters()).Length == 0)
        {
            throw new InvalidOperationException(
                $"The teacher '{_learningTeacher.Name}' has no parameter that takes a gradient, so it cannot learn: was it frozen? "
                + $"Of a {nameof(FrozenTeacher)} a student learns with a {nameof(DistillationTrainer)}.");
        }

        using OptimizerHelper optimizer = _options.Optimizer?.Invoke(parameters)
            ?? new Runtime.Adam(
                parameters,
                _options.LearningRate ?? TrainingOptions.DefaultLearningRate,
                _options.WeightDecay ?? TrainingOptions.DefaultWeightDecay);
        double[] initialLearningRates = [.. optimizer.ParamGroups.Select(group => group.LearningRate)];
        using BestWeights best = new(_network);
        RequireTogether(training, validation, parameters);
        using RunFolder? folder = RunFolder.Open(
            _options with { Precision = ComputePrecision.Current }, _network, _labels, _objective, _step, _learningTeacher,
            _learningLosses, _processes.IsFirst);
        // The first process clears up in the folder before the others read it.
        List<EpochReport> history = _processes.FirstBeforeOthers(() => folder?.Resume(optimizer) ?? []);
        _processes.CopyFirst(AllModules);
        int resumedEpochs = history.Count;
        RequireSameLearningRate(folder, initialLearningRates[0], history);
        var progressReporter = new ProgressReporter(_processes.IsFirst ? progress : null, _options, history.Count, training.BatchCount);

        while (history.Count < _options.Epochs && !HasStoppedEarly(history))
        {
            int epoch = history.Count;
            var watch = Stopwatch.StartNew();
            double learningRate = SetLearningRate(optimizer, initialLearningRates, history);
            IReadOnlyDictionary<string, double>? shares = MeasureGradientShares(training, epoch);
            RandomNumbers.Seed(_processes.SeedOf(_options.Seed, epoch));
            LossReport trained = TrainEpoch(training, epoch, optimizer, parameters, learningRate, progressReporter, cancellationToken);
            ValidationDice? dice = validation is null || _options.BestEpoch != BestEpochRule.Dice || _options.CaseValidation is not null
                ? null
                : new(_labels, _options.DiceRegions);
            // Machines of another kind may round otherwise, and running statistics are those of each process's own batches.
            _processes.CopyFirst(AllModules);
            LossReport? validated = validation is null ? null : Validate(validation, epoch, dice, cancellationToken);
            if (IsByWholeCases && _options.CaseValidation is { } whole && whole.IsDue(epoch, _options.Epochs))
                ValidateCases(whole, dice = new(_labels, _options.DiceRegions), cancellationToken);

            bool isBest = IsBest((validated ?? trained).Total, dice, history);
            history.Add(new EpochReport(epoch, learningRate, trained, validated, isBest, watch.Elapsed.TotalSeconds, shares) { ValidationDice = dice?.Mean });
            if (isBest && folder is null && _options.RestoreBestWeights && _processes.IsFirst)
                best.Remember();
            folder?.Save(history, optimizer);
            ReportEpoch(history);
        }

        if (_options.RestoreBestWeights && _processes.IsFirst)
            RestoreBest(folder, best);
        _processes.CopyFirst(Networks.Select(network => network.Module));
        Train(false);
        FreedMemory.GiveBack();
        StopReason reason = history.Count < _options.Epochs ? StopReason.StoppedEarly : StopReason.EpochsDone;
        return new TrainingResult(history, reason, folder?.BestPath, folder?.LastPath) { ResumedEpochs = resumedEpochs };
    }

    private LossReport TrainEpoch(
        IBatchSource source,
        int epoch,
        OptimizerHelper optimizer,
        Parameter[] parameters,
        double learningRate,
        ProgressReporter progress,
        CancellationToken cancellationToken)
    {
        using var average = new LossAverage(epoch, inValidation: false, StepsPerReading);
        // In each round every process takes one batch; in the last one there may be too few for all.
        int rounds = (source.BatchCount + _processes.Size - 1) / _processes.Size;
        int round = 0;
        Train(true);
        foreach (Batch hostBatch in _processes.Deal(source, epoch))
        {
            using (hostBatch)
            using (NewDisposeScope())
            using (Batch batch = hostBatch.To(Device))
            {
                cancellationToken.ThrowIfCancellationRequested();
                BeginRound();
                int batchesInRound = Math.Min(_processes.Size, source.BatchCount - (round * _processes.Size));
                (Tensor objective, IReadOnlyList<LossReading> readings) =
                    Forward(batch, average, epoch, (round * _processes.Size) + _processes.Rank, batchesInRound);

                int firstOfStep = (round - (round % _options.BatchesPerStep)) * _processes.Size;
                int together = Math.Min(_options.BatchesPerStep * _processes.Size, source.BatchCount - firstOfStep);
                (together == 1 ? objective : objective.Over(together)).backward();
                EndRound();
                ReportSteps(readings);
            }

            SafePoint.Collect();
            // After the first step the heap has holes: the optimizer's state, which stays, lies between tensors that are gone, and a teacher that filled
            // its cache needed memory that nothing needs again.
            if (progress.IsFirst(epoch, round))
                FreedMemory.GiveBack();
        }

        if (round < rounds)
        {
            BeginRound();
            _learningLosses.JoinOwn(_processes);
            EndRound();
        }

        ReportSteps(average.Read());
        RequireFiniteWeights(average, epoch);
        return average.Report(_processes);

        void BeginRound()
        {
            if (round % _options.BatchesPerStep == 0)
                ReleaseGradients(parameters);
        }

        void EndRound()
        {
            round++;
            if (round % _options.BatchesPerStep != 0 && round != rounds)
                return;
            _processes.SumGradients(parameters);
            if (_options.GradientClipNorm is double longest)
                GradientClipping.Clip(parameters, longest);
            optimizer.step();
        }

        void ReportSteps(IReadOnlyList<LossReading> readings)
        {
            foreach (LossReading reading in _processes.IsFirst ? readings : [])
            {
                // The others have done as many batches meanwhile.
                int done = Math.Min(reading.Step + _processes.Size, source.BatchCount);
                TrainingProgress reached = progress.StepEnded(epoch, done, reading.Total, reading.Terms, learningRate);
                foreach (ITrainingCallback callback in _options.Callbacks)
                    callback.StepEnded(reached);
            }
        }
    }

    // zero_grad would set them to 0. Without gradients the forward pass has their memory, and a parameter that a step does not use
    // keeps its value, as in PyTorch.
    private static void ReleaseGradients(Parameter[] parameters)
    {
        foreach (Parameter parameter in parameters)
            parameter.grad = null;
    }

    // In a dispose scope of its own: the backward pass holds what it needs and releases it as it goes.
    private (Tensor Objective, IReadOnlyList<LossReading> Readings) Forward(
        Batch batch, LossAverage average, int epoch, int step, int batchesInRound)
    {
        using var scope = NewDisposeScope();
        bool losses = false;
        ObjectiveValue value = Compute(Step(batch, epoch, context =>
        {
            _learningLosses.TrainOwn(context, epoch, step, _processes, batchesInRound);
            losses = true;
        }));
        // A step of the user's own need not evaluate the objective on each batch.
        if (_processes.AreSeveral && !losses)
            _learningLosses.JoinOwn(_processes);
        return (value.Total.MoveToOuterDisposeScope(), average.Add(value, batch, step));
    }

    // A finite loss may have a gradient that is not. After the last step no further loss would show it before a checkpoint is written.
    private void RequireFiniteWeights(LossAverage average, int epoch)
    {
        if (!Networks.All(network => ModuleState.IsFinite(network.Module)) || !_learningLosses.Modules.All(loss => ModuleState.IsFinite(loss.Module)))
            throw NonFiniteLossException.InWeights(epoch, average.Last!.Step, average.Last.CaseIds, average.Last.Terms);
    }

    private LossReport Validate(IBatchSource source, int epoch, ValidationDice? dice, CancellationToken cancellationToken)
    {
        using var average = new LossAverage(epoch, inValidation: true, StepsPerReading);
        int step = _processes.Rank;
        Train(false);
        using IDisposable noGradient = no_grad();
        // Always the same epoch: validation must not change from one to the next by an augmentation or an order.
        foreach (Batch hostBatch in _processes.Deal(source, 0))
        {
            using (hostBatch)
            using (NewDisposeScope())
            using (Batch batch = hostBatch.To(Device))
            {
                cancellationToken.ThrowIfCancellationRequested();
                TrainingStep validated = Step(batch);
                average.Add(Compute(validated), batch, step);
                step += _processes.Size;
                // A step of the user's own may have shown the network something else than the whole batch.
                dice?.Add((_step is null ? validated.Output! : NetworkOutput.Of(_network, batch.Images)).Logits, batch);
            }

            SafePoint.Collect();
        }

        dice?.Share(_processes);
        return average.Report(_processes);
    }

    private void ValidateCases(CaseValidation validation, ValidationDice dice, CancellationToken cancellationToken)
    {
        Train(false);
        using IDisposable noGradient = no_grad();
        foreach (Batch hostBatch in _processes.Deal(validation.Cases, 0))
        {
            using (hostBatch)
            using (NewDisposeScope())
            using (Batch batch = hostBatch.To(Device))
            {
                cancellationToken.ThrowIfCancellationRequested();
                dice.AddClasses(_labels.Decode(validation.Inference.Predict(_network, _labels, batch.Images, cancellationToken)), batch);
            }

            SafePoint.Collect();
        }

        dice.Share(_processes);
    }

    private void ReportEpoch(List<EpochReport> history)
    {
        if (!_processes.IsFirst)
            return;
        foreach (ITrainingCallback callback in _options.Callbacks)
            callback.EpochEnded(history, _network);
        EpochReport epoch = history[^1];
        _logger.LogInformation(
            "Epoch {Epoch}: training loss {Training:0.0000}, validation loss {Validation:0.0000}, learning rate {LearningRate}{Best}",
            epoch.Epoch,
            epoch.Training.Total,
            epoch.Validation?.Total,
            epoch.LearningRate,
            epoch.IsBest ? " (best so far)" : "");
    }

    private void RequireTogether(IBatchSource training, IBatchSource? validation, Parameter[] parameters)
    {
        if (!_processes.AreSeveral)
            return;
        _processes.RequireSame(
        [
            $"{training.BatchCount} training batches",
            $"{validation?.BatchCount ?? 0} validation batches",
            $"{_options.CaseValidation?.Cases.BatchCount ?? 0} whole validation cases",
            $"{parameters.Length} parameters of {parameters.Sum(parameter => parameter.numel())} numbers",
            $"Epochs {_options.Epochs}",
            $"Teachers {string.Join(", ", _teachers.Select(teacher => teacher.Name))}",
            $"Losses that learn: {string.Join(", ", _learningLosses.Modules.Select(module => module.Name))}",
            $"RestoreBestWeights {_options.RestoreBestWeights}",
            $"Resume {_options.Resume}",
            .. FitFingerprint.Of(_options with { Precision = ComputePrecision.Current }, _objective, _labels, _step, _learningTeacher)
                .Select(option => $"{option.Key} {option.Value}"),
        ]);
        if (training.BatchCount < _processes.Size)
        {
            throw new InvalidOperationException(
                $"An epoch has {training.BatchCount} batches, too few for {_processes.Size} processes, each of which needs one: "
                + "start fewer processes, or make smaller batches.");
        }
    }

    private bool IsBest(double watched, ValidationDice? dice, List<EpochReport> history)
    {
        bool byDice = dice is not null || IsByWholeCases;
        return byDice
            ? dice is not null && history.All(report => dice.Mean > (report.ValidationDice ?? -1))
            : history.All(report => watched < report.WatchedLoss);
    }

    private void Train(bool training)
    {
        foreach (IEncoderDecoder network in Networks)
            network.Module.train(training);
        _learningLosses.Train(training);
        // What the student shares with a teacher stays frozen: a batch norm in it must not move its statistics.
        foreach (FrozenTeacher teacher in _teachers)
            teacher.Network.Module.eval();
    }

    private TrainingStep Step(Batch batch, int? epoch = null, Action<DistillationContext>? trainLosses = null) =>
        new(batch, _network, _teachers, _learningTeacher, _labels, _objective, epoch, trainLosses);

    private ObjectiveValue Compute(TrainingStep step) => _step is null ? step.Evaluate(step.Forward()) : _step.Compute(step);

    private Dictionary<string, double>? MeasureGradientShares(IBatchSource source, int epoch)
    {
        if (_options.GradientSharesEvery == 0 || epoch % _options.GradientSharesEvery != 0)
            return null;

        // In evaluation mode, so that measuring changes nothing: running statistics stay, and no random numbers are drawn.
        Train(false);
        using Batch hostBatch = source.ReadEpoch(epoch).First();
        using var scope = NewDisposeScope();
        using Batch batch = hostBatch.To(Device);
        return new(_objective.MeasureGradientShares(Step(batch, epoch).Forward()));
    }

    private double SetLearningRate(OptimizerHelper optimizer, double[] initial, List<EpochReport> history)
    {
        double multiplier = _options.Schedule.Multiplier([.. history.Select(report => report.WatchedLoss)]);
        foreach ((optim.ILearningRateController group, double rate) in optimizer.ParamGroups.Zip(initial))
            group.LearningRate = rate * multiplier;
        return initial[0] * multiplier;
    }

    // Nothing is stored of a schedule or an optimizer of the user's own; the learning rate shows whether it is still the same.
    private void RequireSameLearningRate(RunFolder? folder, double initial, List<EpochReport> history)
    {
        if (history.Count == 0)
            return;
        double now = initial * _options.Schedule.Multiplier([.. history.SkipLast(1).Select(report => report.WatchedLoss)]);
        double then = history[^1].LearningRate;
        if (Math.Abs(now - then) > 1e-9 * then)
        {
            throw new CheckpointException(
                folder!.LastPath, string.Create(CultureInfo.InvariantCulture,
                    $"the learning rate of epoch {history[^1].Epoch} was {then}, but with the present options it would be {now}, "
                    + $"so going on would mix two experiments: give the Schedule and the Optimizer with which the fit began"));
        }
    }

    private bool HasStoppedEarly(List<EpochReport> history)
    {
        // An epoch in which whole cases were not measured cannot be the best, and so says nothing of whether there is still progress.
        EpochReport[] measured = [.. history.Where(report => !IsByWholeCases || report.ValidationDice is not null)];
        return _options.EarlyStoppingPatience is int patience && measured.Length > patience && !measured.TakeLast(patience).Any(report => report.IsBest);
    }

    private bool IsByWholeCases => _options is { BestEpoch: BestEpochRule.Dice, CaseValidation: not null };

    private static void RestoreBest(RunFolder? folder, BestWeights best)
    {
        if (folder is not null)
            folder.LoadBestWeights();
        else
            best.Restore();
    }

    // A GPU works through its queue while the next steps are prepared. A CPU has no queue, so its values are read after each step,
    // and a damaged case is found before it does damage.
    private int StepsPerReading => _options.StepsPerReading ?? (Device.type == DeviceType.CPU ? 1 : 10);

    // All that learn: the student, and the teacher that learns with it.
    private IEnumerable<IEncoderDecoder> Networks => _learningTeacher is null ? [_network] : [_network, _learningTeacher.Network];

    private IEnumerable<nn.Module> AllModules =>
        [.. Networks.Select(network => network.Module), .. _learningLosses.Modules.Select(loss => loss.Module)];

    private static Parameter[] Learning(IEnumerable<Parameter> parameters) => [.. parameters.Where(parameter => parameter.requires_grad)];

    private Device Device => _network.Module.parameters().First().device;
}
