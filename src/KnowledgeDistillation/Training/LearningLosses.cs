using KnowledgeDistillation.Losses;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>The losses within an objective that have something to learn, with the names under which checkpoints keep it.</summary>
internal sealed class LearningLosses
{
    private LearningLosses(IReadOnlyList<(string Name, IDistillationLoss Loss)> losses)
    {
        Learnable = [.. losses.Where(loss => loss.Loss is ILearnableLoss).Select(loss => (loss.Name, (ILearnableLoss)loss.Loss))];
        SelfTraining = [.. losses.Where(loss => loss.Loss is ISelfTrainingLoss).Select(loss => (loss.Name, (ISelfTrainingLoss)loss.Loss))];
    }

    public IReadOnlyList<(string Name, ILearnableLoss Loss)> Learnable { get; }

    public IReadOnlyList<(string Name, ISelfTrainingLoss Loss)> SelfTraining { get; }

    /// <summary>The parameters that learn with the student.</summary>
    public IEnumerable<Parameter> Parameters => Learnable.SelectMany(loss => loss.Loss.Module.parameters());

    /// <summary>All modules, by name.</summary>
    public IEnumerable<(string Name, nn.Module Module)> Modules =>
        Learnable.Select(loss => (loss.Name, loss.Loss.Module)).Concat(SelfTraining.Select(loss => (loss.Name, loss.Loss.Module)));

    public static LearningLosses In(WeightedObjective objective)
    {
        List<(string, IDistillationLoss)> found = [];
        foreach (LossTerm term in objective.Terms)
            Collect(term.Name, term.Loss, found);
        return new LearningLosses(found);
    }

    /// <summary>One step of everything that is trained beside the student.</summary>
    public void TrainOwn(DistillationContext context)
    {
        foreach ((_, ISelfTrainingLoss loss) in SelfTraining)
        {
            loss.Optimizer.zero_grad();
            loss.ComputeOwn(context.DetachStudent()).backward();
            loss.Optimizer.step();
            loss.Optimizer.zero_grad();
        }
    }

    private static void Collect(string name, IDistillationLoss loss, List<(string, IDistillationLoss)> found)
    {
        if (found.Any(other => ReferenceEquals(other.Item2, loss)))
            return;
        found.Add((name, loss));
        if (loss is not ICompositeLoss composite)
            return;
        int part = 0;
        foreach (IDistillationLoss inner in composite.Parts)
            Collect($"{name}.{part++}", inner, found);
    }
}
