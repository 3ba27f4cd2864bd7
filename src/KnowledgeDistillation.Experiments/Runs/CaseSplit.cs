using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Which cases a network learns from, which choose its checkpoint, and which are scored.</summary>
public sealed record CaseSplit(IReadOnlyList<MedicalCase> Training, IReadOnlyList<MedicalCase> Validation, IReadOnlyList<MedicalCase> Test)
{
    /// <summary>All cases.</summary>
    public IEnumerable<MedicalCase> All => Training.Concat(Validation).Concat(Test);

    /// <summary>For example "36 cases: 20 for training, 4 for validation, 12 for the test".</summary>
    public override string ToString() =>
        $"{TrainingText.Cases(Training.Count + Validation.Count + Test.Count)}: {Training.Count} for training, {Validation.Count} for validation, "
            + $"{Test.Count} for the test";

    /// <summary>The split of some settings: the folds that the data set prescribes, else folds with their share of each group, fixed by the seed.</summary>
    /// <exception cref="ExperimentException">There is no such validation part, or no such fold.</exception>
    public static CaseSplit Of(MedicalDataset dataset, ExperimentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(settings);
        return Of(dataset.Cases, settings, dataset.Splits.Count > 0 && settings.Folds > 1 ? dataset : null);
    }

    /// <summary>The split of some settings: folds with their share of each group, fixed by the seed.</summary>
    /// <param name="cases">The cases.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="prescribing">The data set, where it prescribes the folds.</param>
    /// <exception cref="ExperimentException">There is no such validation part, or no such fold.</exception>
    public static CaseSplit Of(IReadOnlyList<MedicalCase> cases, ExperimentSettings settings, MedicalDataset? prescribing = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Folds == 1)
            return WithoutTest(cases, settings);
        var options = new CrossValidationOptions
        {
            Folds = settings.Folds,
            Seed = settings.Seed,
            ValidationShare = settings.ValidationShare,
            ValidationPart = settings.ValidationPart - 1,
        };
        if (prescribing is not null && settings.Fold > prescribing.Splits.Count)
        {
            throw new ExperimentException(
                $"The data set prescribes {prescribing.Splits.Count} folds, so the fold must be from 1 to {prescribing.Splits.Count}, but is {settings.Fold}.",
                nameof(ExperimentSettings.Fold), nameof(ExperimentSettings.Folds));
        }

        IReadOnlyList<CrossValidationFold> parts = prescribing is null
            ? CrossValidation.Split(cases, options)
            : CrossValidation.Prescribed(prescribing, options);
        CrossValidationFold fold = parts[settings.Fold - 1];
        return new CaseSplit(fold.Training, fold.Validation, fold.Test);
    }

    // One of 1/share folds stands for the validation part, so that it has its share of each group.
    private static CaseSplit WithoutTest(IReadOnlyList<MedicalCase> cases, ExperimentSettings settings)
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
