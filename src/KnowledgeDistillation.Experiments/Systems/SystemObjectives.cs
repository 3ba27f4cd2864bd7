using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Objectives that several systems are made from.</summary>
internal static class SystemObjectives
{
    /// <summary>KD-Net's, eq. 5; a weight of 0 leaves a term out of the learning.</summary>
    public static WeightedObjective KDNet(ObjectiveInputs inputs, double lambda, double temperature, double alpha) =>
        OverTeachers(inputs, KDNetObjective.Reference().Name, KDNetObjective.Create(new KDNetObjectiveOptions
        {
            Lambda = lambda,
            Alpha = alpha,
            SoftTargets = new SoftTargetOptions { Temperature = temperature },
        }));

    /// <summary>The reference, and a loss of features with the weight α.</summary>
    public static WeightedObjective WithFeatures(ObjectiveInputs inputs, string name, IDistillationLoss loss)
    {
        UnweightedTerm reference = KDNetObjective.Reference();
        return OverTeachers(inputs, reference.Name, new WeightedObjective(reference.Weighted(1), new LossTerm(name, inputs.Alpha, loss)));
    }

    /// <summary>The objective of another paper, whose term of the reference is that of the inputs.</summary>
    /// <param name="inputs">What it is made from.</param>
    /// <param name="create">Makes it with a term of the reference.</param>
    public static WeightedObjective Distillation(ObjectiveInputs inputs, Func<UnweightedTerm, WeightedObjective> create)
    {
        // The methods' own papers compare with the reference by cross-entropy alone, on photographs. Small tumors need a Dice term,
        // and students are to differ in nothing but what they take from the teacher.
        UnweightedTerm reference = inputs.ReferenceLoss == ReferenceTerm.Paper ? ReferenceCrossEntropyLoss.Term() : KDNetObjective.Reference();
        return OverTeachers(inputs, reference.Name, create(reference));
    }

    // The reference is the same whoever teaches.
    private static WeightedObjective OverTeachers(ObjectiveInputs inputs, string reference, WeightedObjective objective) => inputs.Teachers <= 1
        ? objective
        : new WeightedObjective([.. objective.Terms.Select(term => term.Name == reference ? term : term with { Loss = new TeacherMeanLoss(term.Loss) })]);
}
