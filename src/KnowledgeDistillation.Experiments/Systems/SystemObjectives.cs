using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Objectives that several systems are made from.</summary>
internal static class SystemObjectives
{
    /// <summary>KD-Net's, eq. 5; a weight of 0 leaves a term out of the learning.</summary>
    public static WeightedObjective KDNet(ObjectiveInputs inputs, double lambda, double temperature, double alpha) =>
        OverTeachers(inputs, KDNetObjective.Create(new KDNetObjectiveOptions
        {
            Lambda = lambda,
            Alpha = alpha,
            SoftTargets = new SoftTargetOptions { Temperature = temperature },
        }));

    /// <summary>The reference, and a loss of features with the weight α.</summary>
    public static WeightedObjective WithFeatures(ObjectiveInputs inputs, string name, IDistillationLoss loss) =>
        OverTeachers(inputs, new WeightedObjective(new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm(name, inputs.Alpha, loss)));

    // The methods' own papers compare with the reference by cross-entropy alone, on photographs. Small tumors need a Dice term,
    // and students are to differ in nothing but what they take from the teacher.
    public static WeightedObjective Distillation(ObjectiveInputs inputs, WeightedObjective objective) =>
        OverTeachers(inputs, new WeightedObjective(
            [.. objective.Terms.Select(term => term.Loss is ReferenceCrossEntropyLoss ? new LossTerm("GT", term.Weight, new ReferenceLoss()) : term)]));

    // The reference is the same whoever teaches.
    private static WeightedObjective OverTeachers(ObjectiveInputs inputs, WeightedObjective objective) => inputs.Teachers <= 1
        ? objective
        : new WeightedObjective(
            [.. objective.Terms.Select(term => term.Loss is ReferenceLoss ? term : term with { Loss = new TeacherMeanLoss(term.Loss) })]);
}
