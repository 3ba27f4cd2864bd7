using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>The losses within an objective that have something to learn, with the parts of file names under which checkpoints keep it.</summary>
internal sealed class LearningLosses
{
    private readonly List<SelfTraining> _selfTraining = [];
    private readonly List<(string Name, nn.Module Module)> _modules = [];
    private readonly List<Parameter> _parameters = [];
    private readonly HashSet<IDistillationLoss> _seen = new(ReferenceEqualityComparer.Instance);

    private LearningLosses()
    {
    }

    /// <summary>The parameters that learn with the student.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>All modules, each with its part of a file name.</summary>
    public IReadOnlyList<(string Name, nn.Module Module)> Modules => _modules;

    /// <summary>The optimizers of the losses that train something of their own, each with its part of a file name.</summary>
    public IEnumerable<(string Name, OptimizerHelper Optimizer)> Optimizers => _selfTraining.Select(loss => (loss.Name, loss.Loss.Optimizer));

    public static LearningLosses In(WeightedObjective objective)
    {
        var losses = new LearningLosses();
        foreach (LossTerm term in objective.Terms)
            losses.Collect(term.Name, term.Loss, context => context);
        return losses;
    }

    /// <summary>Puts all modules into training or evaluation mode.</summary>
    public void Train(bool training)
    {
        foreach ((_, nn.Module module) in _modules)
            module.train(training);
    }

    /// <summary>One step of everything that is trained beside the student, on the mean gradient of the processes that have a batch.</summary>
    /// <param name="context">What the network made of this process's batch.</param>
    /// <param name="epoch">Number of the epoch, for messages.</param>
    /// <param name="step">Number of the batch in the epoch, for messages.</param>
    /// <param name="processes">The processes of the fit.</param>
    /// <param name="batches">How many of them have a batch.</param>
    /// <exception cref="NonFiniteLossException">What one of them minimizes is not finite; it has not moved.</exception>
    public void TrainOwn(DistillationContext context, int epoch, int step, FitProcesses processes, int batches)
    {
        foreach ((_, string term, ISelfTrainingLoss loss, Func<DistillationContext, DistillationContext> view, Parameter[] parameters) in _selfTraining)
        {
            loss.Optimizer.zero_grad();
            // What a critic computes is not to stay until the student has made its step.
            using (NewDisposeScope())
            {
                Tensor own = loss.ComputeOwn(view(context.Detach()));
                double value = own.to(ScalarType.Float64).item<double>();
                if (!double.IsFinite(value))
                {
                    throw new NonFiniteLossException(
                        epoch,
                        step,
                        inValidation: false,
                        context.Batch.CaseIds,
                        [new TermValue($"{term}, what {loss.GetType().Name} trains beside the student", 1, value)]);
                }

                (batches == 1 ? own : own.Over(batches)).backward();
            }

            processes.SumGradients(parameters);
            loss.Optimizer.step();
            loss.Optimizer.zero_grad();
        }
    }

    /// <summary>The same step in a process that has nothing to add to it, so that it keeps what the others have.</summary>
    public void JoinOwn(FitProcesses processes)
    {
        foreach ((_, _, ISelfTrainingLoss loss, _, Parameter[] parameters) in _selfTraining)
        {
            foreach (Parameter parameter in parameters)
                parameter.grad = null;
            processes.SumGradients(parameters);
            loss.Optimizer.step();
            loss.Optimizer.zero_grad();
        }
    }

    // What lies within a NamedTeacherLoss sees its teacher alone, and what lies within a TeacherAsStudentLoss the roles exchanged, also when it trains
    // something of its own.
    private void Collect(string name, IDistillationLoss loss, Func<DistillationContext, DistillationContext> view)
    {
        if (!_seen.Add(loss))
        {
            if (loss is ISelfTrainingLoss)
            {
                throw new ArgumentException(
                    $"The loss {loss.GetType().Name} of '{name}' trains something of its own and stands in the objective twice: make one for each term.");
            }

            return;
        }

        if (loss is ILearnableLoss and ISelfTrainingLoss)
        {
            throw new ArgumentException($"The loss {loss.GetType().Name} of '{name}' is both an {nameof(ILearnableLoss)} and an {nameof(ISelfTrainingLoss)}, "
                + "so two optimizers would move it: make it one of them.");
        }

        if (loss is ILearnableLoss learnable)
        {
            _modules.Add((FileName(name), learnable.Module));
            _parameters.AddRange(learnable.Module.parameters());
        }

        if (loss is ISelfTrainingLoss selfTraining)
        {
            Parameter[] parameters = [.. selfTraining.Module.parameters().Where(parameter => parameter.requires_grad)];
            _selfTraining.Add(new SelfTraining(FileName(name), name, selfTraining, view, parameters));
            _modules.Add((FileName(name), selfTraining.Module));
        }

        if (loss is not ICompositeLoss composite)
            return;
        Func<DistillationContext, DistillationContext> within = loss switch
        {
            NamedTeacherLoss named => context => view(context).WithOnlyTeacher(named.Teacher),
            TeacherAsStudentLoss => context => view(context).ExchangeRoles(),
            _ => view,
        };
        int part = 0;
        foreach (IDistillationLoss inner in composite.Parts)
            Collect($"{name}.{part++}", inner, within);
    }

    // The number keeps names apart that differ only in what a file name cannot hold.
    private string FileName(string name) =>
        $"{_modules.Count}-{string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' ? letter : '_'))}";

    private sealed record SelfTraining(
        string Name, string Term, ISelfTrainingLoss Loss, Func<DistillationContext, DistillationContext> View, Parameter[] Parameters);
}
