using System.Globalization;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>What a reproduction does, in words, before it does it.</summary>
internal static class ReproductionProtocol
{
    /// <summary>The protocol.</summary>
    /// <param name="settings">The settings that all runs share.</param>
    /// <param name="dataset">The data set; null for phantoms.</param>
    /// <returns>A sentence for each part.</returns>
    public static IReadOnlyList<string> Of(ExperimentSettings settings, MedicalDataset? dataset)
    {
        int edge = settings.CropEdge / settings.SubsamplingFactor;
        TrainingOptions training = SegmentationSystems.KDNet.TrainingOptions(settings);
        string regions = TrainingText.List(settings.Data.Regions.Select(region => region.Name));
        return
        [
            $"Cases: {(dataset is null ? Phantoms(settings) : Grades(dataset.Cases.Select(item => item.Group)))}.",
            .. dataset is null
                ? []
                : Enumerable.Range(1, settings.Folds).Select(fold => Invariant($"Fold {fold}: {Split(dataset, settings with { Fold = fold })}.")),
            Invariant($"Images: {settings.CropEdge}³ voxels {(settings.Spacing is null ? "" : $"of {settings.Spacing} mm ")}from the center")
                + Invariant($"{(settings.SubsamplingFactor > 1 ? $", subsampled to {edge}³" : "")}")
                + $"{(settings.Flip ? ", flipped at random along each axis" : "")}.",
            $"Network: {Network(settings)}.",
            Invariant($"Training: {training.Epochs} epochs, {(settings.BatchSize == 1 ? "1 case" : $"{settings.BatchSize} cases")} per step, ")
                + $"{(training.Optimizer is null ? Invariant($"Adam {training.LearningRate}") : "an optimizer of your own")}, {Schedule(training.Schedule)}; "
                + "weights of the "
                + $"{(training.BestEpoch == BestEpochRule.Loss ? "lowest validation loss" : $"highest mean Dice of {regions} in validation")}; "
                + $"{(training.Precision == Precision.Full ? "float32" : "bfloat16 (mixed precision)")}.",
            $"KD-Net: {Weights(SegmentationSystems.KDNet, settings)}.",
        ];
    }

    private static string Weights(SegmentationSystem system, ExperimentSettings settings)
    {
        string own = system.WeightsWith(settings).InWords();
        return system.WeightsWith(settings) == system.Weights
            ? $"{own}, the paper's weights"
            : $"{own}; also with the paper's weights, {system.Weights.InWords()}";
    }

    private static string Phantoms(ExperimentSettings settings)
    {
        var phantom = new BraTSPhantom(settings.PhantomOptions());
        return Invariant($"made-up patients of {settings.PhantomEdge}³ voxels, ")
            + $"{Grades(Enumerable.Range(0, settings.PhantomCases).Select(index => (string?)phantom.GradeOf(index).ToString().ToLowerInvariant()))}, "
            + $"in {settings.Folds} folds";
    }

    private static string Grades(IEnumerable<string?> groups)
    {
        string?[] all = [.. groups];
        string[] parts =
        [
            .. all.GroupBy(group => group).OrderBy(group => group.Key is null).ThenBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => Invariant(
                    $"{group.Count()} {group.Key switch { null => "of unknown grade", "high" or "low" => $"{group.Key} grade", _ => $"of {group.Key}" }}")),
        ];
        return $"{TrainingText.Cases(all.Length)} ({string.Join(", ", parts)})";
    }

    private static string Split(MedicalDataset dataset, ExperimentSettings settings)
    {
        var split = CaseSplit.Of(dataset, settings);
        return Invariant($"{split.Training.Count} for training, {split.Validation.Count} for validation, {split.Test.Count} for the test");
    }

    private static string Network(ExperimentSettings settings)
    {
        NetworkRecipe recipe = settings.Recipe([BraTSModality.T1ce], settings.Classes.Channels);
        string name = settings.Network ?? NetworkNames.UNet;
        return recipe is UShapedNetworkOptions network
            ? Invariant($"{name}, {network.BaseWidth} channels at first, {network.Levels} levels, with all and without skip connections")
            : name;
    }

    private static string Schedule(ILearningRateSchedule schedule) => schedule switch
    {
        PlateauSchedule plateau => Invariant($"×{plateau.Factor} when the validation loss has not fallen for {plateau.Patience} epochs"),
        FixedDecaySchedule decay => Invariant($"×{decay.Factor} after {decay.AfterEpochs} epochs"),
        _ => "a schedule of your own",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
