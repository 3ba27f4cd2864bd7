using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Objectives that several systems are made from.</summary>
internal static class SystemObjectives
{
    /// <summary>KD-Net's, eq. 5; a weight of 0 leaves a term out of the learning.</summary>
    public static WeightedObjective KDNet(ObjectiveInputs inputs, double lambda, double temperature, double alpha)
    {
        var options = new KDNetObjectiveOptions
        {
            Lambda = lambda,
            Alpha = alpha,
            SoftTargets = new SoftTargetOptions { Temperature = temperature, Dice = new SoftDiceOptions { Form = inputs.SoftTargetDice } },
        };
        return OverTeachers(inputs, KDNetObjective.Reference(), _ => KDNetObjective.Create(options));
    }

    /// <summary>The reference, and a loss of features with the weight α.</summary>
    public static WeightedObjective WithFeatures(ObjectiveInputs inputs, string name, IDistillationLoss loss) => OverTeachers(
        inputs,
        KDNetObjective.Reference(),
        reference => new WeightedObjective(new LossTerm(reference.Name, 1, reference.Loss), new LossTerm(name, inputs.Alpha, loss)));

    /// <summary>The objective of another paper's method.</summary>
    /// <param name="inputs">What it is made from, also how it compares with the reference.</param>
    /// <param name="create">Makes it with a term for the reference.</param>
    // The papers of the other methods compare with the reference by cross-entropy alone, on photographs. Small tumors need a Dice term,
    // and students should differ only in what they learn from the teacher; so that is the default.
    public static WeightedObjective Distillation(ObjectiveInputs inputs, Func<UnweightedTerm, WeightedObjective> create) =>
        Distillation(inputs, ReferenceCrossEntropyLoss.Term(), create);

    /// <summary>The objective of a method whose source compares with the reference by something else than cross-entropy alone.</summary>
    /// <param name="inputs">What it is made from, also how it compares with the reference.</param>
    /// <param name="published">How its source compares with the reference.</param>
    /// <param name="create">Makes it with a term for the reference.</param>
    public static WeightedObjective Distillation(ObjectiveInputs inputs, UnweightedTerm published, Func<UnweightedTerm, WeightedObjective> create) =>
        OverTeachers(inputs, inputs.ReferenceLoss == ReferenceChoice.Paper ? published : KDNetObjective.Reference(), create);

    /// <summary>What compares both networks of a co-training with the reference; null for what the method's paper takes.</summary>
    public static UnweightedTerm? CoTrainingReference(ObjectiveInputs inputs) =>
        inputs.ReferenceLoss == ReferenceChoice.Paper ? null : KDNetObjective.Reference();

    // The reference is the same for all teachers.
    private static WeightedObjective OverTeachers(ObjectiveInputs inputs, UnweightedTerm reference, Func<UnweightedTerm, WeightedObjective> create)
    {
        WeightedObjective objective = create(reference);
        return inputs.Teachers <= 1
            ? objective
            : new WeightedObjective(
                [.. objective.Terms.Select(term => term.Name == reference.Name ? term : term with { Loss = new TeacherMeanLoss(term.Loss) })]);
    }
}
