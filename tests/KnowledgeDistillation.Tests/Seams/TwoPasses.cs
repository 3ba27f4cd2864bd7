using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A step of a user's own: the code of docs/extending.md.</summary>
internal sealed class TwoPasses : ITrainingStep
{
    public ObjectiveValue Compute(TrainingStep step)
    {
        ObjectiveValue first = step.Evaluate(step.Forward());
        // In validation nothing is drawn, so a second pass would say the same.
        if (!step.IsTraining)
            return first;
        ObjectiveValue second = step.Evaluate(step.Forward());
        return new ObjectiveValue(
            (first.Total + second.Total) / 2,
            [.. first.Terms.Zip(second.Terms, (one, other) => (one.Term, (one.Value + other.Value) / 2))]);
    }
}
