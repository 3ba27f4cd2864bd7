using System.Security.Cryptography;
using System.Text;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>The cases of a reproduction.</summary>
/// <param name="Settings">How phantoms and images are made.</param>
/// <param name="Folder">A BraTS folder; null for phantoms.</param>
/// <param name="SkipFaulty">Whether cases that cannot be used are left out.</param>
internal sealed record ReproductionData(ExperimentSettings Settings, string? Folder, bool SkipFaulty)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    /// <summary>Where the cases come from, without the path, which may be another on each machine.</summary>
    public string Name => Folder is null ? "phantoms" : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder)));

    // All modalities of the settings, and that of the student, in the order of the data set.
    private IReadOnlyList<string> Needed =>
        [.. Settings.Data.Modalities.Where(name => Settings.Modalities.Contains(name) || name == Settings.StudentModality)];

    /// <summary>The data set in the folder, or null for phantoms.</summary>
    public MedicalDataset? Open(IExperimentDisplay display) => Folder is null ? null : Datasets.Open(Folder, Needed, SkipFaulty, display, Settings);

    /// <summary>Refuses fewer cases than the folds need, or other folds than the data set prescribes, before anything is trained.</summary>
    /// <exception cref="ExperimentException">There are too few, or the folds are others.</exception>
    public void RefuseUnfitFolds(MedicalDataset? dataset)
    {
        if (dataset is { Splits.Count: > 0 } && dataset.Splits.Count != Settings.Folds)
        {
            throw new ExperimentException(
                $"The data set prescribes {dataset.Splits.Count} folds, each of which tests other cases, but {Settings.Folds} are asked for.",
                nameof(ExperimentSettings.Folds));
        }

        int cases = dataset?.Cases.Count ?? Settings.PhantomCases;
        // Each fold tests on one case at least; of two folds, the one that is left must hold a case for training and one for validation.
        int needed = Settings.Folds == 2 ? 4 : Settings.Folds;
        if (cases < needed)
        {
            throw new ExperimentException($"There {(cases == 1 ? "is" : "are")} {TrainingText.Cases(cases)}"
                + $"{(Folder is null ? "" : $" in '{Folder}'")}, but a cross-validation with {Settings.Folds} folds needs at least {needed}, because "
                + $"no network is scored on cases that it has learned from: give more cases{(Settings.Folds > 3 && cases >= 3 ? ", or fewer folds" : "")}. "
                + "Single cases can be tried by training with one fold, scoring all cases, and predicting.", nameof(ExperimentSettings.Folds));
        }
    }

    /// <summary>Tells the same cases by the same text: "phantoms", or the name of the folder with the number of cases and a digest of their names.</summary>
    public string Describe(MedicalDataset? dataset)
    {
        if (dataset is null)
            return Name;
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', dataset.Cases.Select(item => item.Id).Order(StringComparer.Ordinal))));
        return $"{Name}, {TrainingText.Cases(dataset.Cases.Count)} ({Convert.ToHexStringLower(digest.AsSpan(0, 4))})";
    }

    /// <summary>Whether images are normalized by numbers of the training cases, so that they are prepared for each fold by itself.</summary>
    public bool DependsOnFold => Settings.ModalitiesWithStatistics.Any(Needed.Contains);

    /// <summary>Makes the phantoms and prepares all images; one process at a time, so that nothing is done twice.</summary>
    /// <param name="dataset">The opened data set; null for phantoms.</param>
    /// <param name="fold">The fold whose training cases give the numbers by which images are normalized, where there are such.</param>
    /// <param name="folder">Where everything goes.</param>
    /// <param name="claimLimit">The time without a sign of life after which another process may take over.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    public PreparedData Prepare(
        MedicalDataset? dataset,
        int fold,
        ReproductionFolder folder,
        TimeSpan claimLimit,
        IExperimentDisplay display,
        CancellationToken cancellation)
    {
        while (true)
        {
            using RunClaim? claim = RunClaim.TryTake(folder.Preparation, claimLimit);
            if (claim is not null)
            {
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, claim.Lost);
                try
                {
                    return Prepare(dataset, fold, folder, display, stop.Token);
                }
                catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
                {
                    display.Say("Another process took over the preparation.");
                }
            }

            cancellation.WaitHandle.WaitOne(LookAgain);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private PreparedData Prepare(
        MedicalDataset? dataset, int fold, ReproductionFolder folder, IExperimentDisplay display, CancellationToken cancellation)
    {
        dataset ??= Datasets.OpenPhantoms(folder.Phantoms, Settings, display, cancellation);
        ExperimentSettings settings = DependsOnFold
            ? Settings.WithStatisticsOf(CaseSplit.Of(dataset, Settings with { Fold = fold }).Training, Needed, cancellation)
            : Settings;
        return new PreparedData(
            dataset,
            PreparedCases.Prepare(dataset.Cases, settings.Preprocessing(Needed), folder.Cache, display, cancellation),
            settings.TrainingStatistics);
    }
}
