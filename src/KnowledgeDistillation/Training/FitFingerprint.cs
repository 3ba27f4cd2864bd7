using System.Globalization;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Teachers;

namespace KnowledgeDistillation.Training;

/// <summary>What decides what comes of a fit, by name: what a fit that goes on, or that several processes do, must have in common.</summary>
internal static class FitFingerprint
{
    /// <summary>The option that a step of the user's own is stored as.</summary>
    public const string StepOption = "Step";

    /// <summary>The option that a teacher that learns is stored as.</summary>
    public const string LearningTeacherOption = "LearningTeacher";

    public static SortedDictionary<string, string> Of(
        TrainingOptions options, WeightedObjective objective, LabelScheme labels, ITrainingStep? step, LearningTeacher? learningTeacher)
    {
        // A fit that began where decimals have a point goes on where they have a comma: what records and users' own types write follows the culture.
        CultureInfo culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            SortedDictionary<string, string> fingerprint = options.Fingerprint();
            fingerprint["Objective"] = objective.ToString();
            fingerprint["Labels"] = string.Join(", ", labels.ChannelNames);
            if (step is not null)
                fingerprint[StepOption] = step.ToString() ?? "";
            if (learningTeacher is not null)
                fingerprint[LearningTeacherOption] = learningTeacher.ToString();
            return fingerprint;
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
