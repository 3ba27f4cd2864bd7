using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>What two networks that learn together learn from the reference.</summary>
internal static class CoTrainingReference
{
    /// <summary>A term for the student and one for the teacher.</summary>
    /// <param name="reference">What compares with the reference; null for the Dice that ACN and SMU-Net take.</param>
    /// <param name="studentShare">The weight of the student's; the teacher's is 1 minus it.</param>
    public static LossTerm[] Terms(UnweightedTerm? reference, double studentShare)
    {
        reference ??= new UnweightedTerm("Dice", new ReferenceDiceLoss(new SoftDiceOptions { Form = DiceForm.Squared }));
        return
        [
            reference.Weighted(studentShare),
            new LossTerm($"{reference.Name} of the teacher", 1 - studentShare, new TeacherAsStudentLoss(reference.Loss)),
        ];
    }
}
