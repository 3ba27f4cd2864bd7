using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Which cases a network learns from, which choose its checkpoint, and which are scored.</summary>
public sealed record CaseSplit(IReadOnlyList<BraTSCase> Training, IReadOnlyList<BraTSCase> Validation, IReadOnlyList<BraTSCase> Test)
{
    /// <summary>All cases.</summary>
    public IEnumerable<BraTSCase> All => Training.Concat(Validation).Concat(Test);

    /// <summary>For example "36 cases: 20 for training, 4 for validation, 12 for the test".</summary>
    public override string ToString() =>
        $"{TrainingText.Cases(Training.Count + Validation.Count + Test.Count)}: {Training.Count} for training, {Validation.Count} for validation, "
            + $"{Test.Count} for the test";

    /// <summary>The split of some settings: folds with their share of each grade, fixed by the seed.</summary>
    /// <exception cref="ExperimentException">There is no such validation part.</exception>
    public static CaseSplit Of(IReadOnlyList<BraTSCase> cases, ExperimentSettings settings)
    {
        if (settings.Folds == 1)
            return WithoutTest(cases, settings);
        var options = new CrossValidationOptions
        {
            Folds = settings.Folds,
            Seed = settings.Seed,
            ValidationShare = settings.ValidationShare,
            ValidationPart = settings.ValidationPart - 1,
        };
        CrossValidationFold fold = CrossValidation.Split(cases, options)[settings.Fold - 1];
        return new CaseSplit(fold.Training, fold.Validation, fold.Test);
    }

    // One of 1/share folds stands for the validation part, so that it has its share of each grade.
    private static CaseSplit WithoutTest(IReadOnlyList<BraTSCase> cases, ExperimentSettings settings)
    {
        int parts = (int)Math.Round(1 / settings.ValidationShare);
        if (cases.Count < Math.Max(4, parts))
            return new CaseSplit(cases, [], []);
        IReadOnlyList<CrossValidationFold> folds = CrossValidation.Split(
            cases, new CrossValidationOptions { Folds = Math.Max(2, parts), Seed = settings.Seed, ValidateOnTest = true });
        if (settings.ValidationPart > folds.Count)
            throw new ExperimentException(
                $"The validation part must be from 1 to {folds.Count}, but is {settings.ValidationPart}.", nameof(ExperimentSettings.ValidationPart));
        CrossValidationFold fold = folds[settings.ValidationPart - 1];
        return new CaseSplit(fold.Training, fold.Validation, []);
    }
}
