using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>
/// Chooses the post-processing of a trained network on its validation cases, and stores it in the checkpoint, where every prediction finds it.
/// </summary>
public static class PostProcessingTuning
{
    /// <summary>The cases that were held out for validation when a network was trained.</summary>
    /// <param name="model">The folder of the checkpoint, or of the training, whose best is taken.</param>
    /// <param name="cases">The cases of its data set, and others.</param>
    /// <returns>Those of validation, which neither were learned from nor belong to a test.</returns>
    /// <exception cref="ExperimentException">The network does not say which cases it was trained with, or none of these was held out.</exception>
    /// <exception cref="Storage.CheckpointException">The checkpoint is missing or damaged.</exception>
    public static IReadOnlyList<MedicalCase> ValidationCases(string model, IReadOnlyList<MedicalCase> cases)
    {
        ArgumentNullException.ThrowIfNull(cases);
        using var loaded = SegmentationModel.Load(model);
        RequireKnownCases(model, loaded);
        Func<string, bool> isHeldOut = RunMetadata.ValidationCases(loaded.Metadata);
        MedicalCase[] heldOut = [.. cases.Where(item => isHeldOut(item.Id))];
        return heldOut.Length > 0
            ? heldOut
            : throw new ExperimentException($"None of the {cases.Count} cases was held out for validation when '{model}' was trained: "
                + "give the data set of the training, and train with validation cases.");
    }

    /// <summary>Chooses post-processing as <see cref="PostProcessingSearch"/> does, on the grid of the files.</summary>
    /// <param name="model">The folder of the checkpoint, or of the training, whose best is taken.</param>
    /// <param name="cases">The cases, with references, as <see cref="ValidationCases"/> gives them.</param>
    /// <param name="options">How to segment; null for the defaults. Its post-processing does not matter.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="display">Where progress is shown; null for nowhere.</param>
    /// <param name="cancellation">Stops between two passes of the network.</param>
    /// <exception cref="ExperimentException">There is no case, the network was trained on one of them or was not held out from it,
    /// does not say which cases it was trained with, or the references hold other classes than it tells apart.</exception>
    /// <exception cref="InvalidDataException">A case is damaged, or its reference lies on another grid than its images.</exception>
    /// <exception cref="Storage.CheckpointException">The checkpoint is missing or damaged.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static PostProcessingChoice Find(
        string model,
        IReadOnlyList<MedicalCase> cases,
        PredictionOptions? options = null,
        Device? device = null,
        IExperimentDisplay? display = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cases);
        if (cases.Count == 0)
            throw new ExperimentException("Post-processing cannot be chosen without validation cases.");
        using var loaded = SegmentationModel.Load(model, device);
        RefuseOtherCases(model, loaded, cases);
        if (cases.FirstOrDefault(item => item.SegmentationPath is null) is { } open)
            throw new ExperimentException($"Case {open.Id} has no reference, so post-processing cannot be chosen on it.");
        foreach (LabelConvention labels in cases.Select(item => item.Labels).Distinct())
            ModelEvaluation.RefuseOtherClasses(loaded, labels);
        using SegmentationEnsemble network = new(
            [(model, new CaseSegmenter(loaded))], (options ?? new PredictionOptions()) with { PostProcessing = new PostProcessingOptions() });
        PostProcessingSearch search = new(network.Labels);
        return (display ?? new SilentDisplay()).ShowCount("segmenting validation cases", cases.Count, progress =>
        {
            for (int i = 0; i < cases.Count; i++)
            {
                // Images and reference together, so that a reference on another grid is refused.
                CaseVolumes volumes = cases[i].Load([.. network.Modalities.Where(cases[i].Images.ContainsKey)]);
                CaseSegmentation segmented = network.Segment(cases[i].Id, volumes, cancellation);
                search.Add(segmented.Classes, volumes.Labels.ToClasses(volumes.Segmentation!), segmented.Grid);
                progress.Report(i + 1);
            }

            return search.Find();
        });
    }

    /// <summary>Stores in a checkpoint what was chosen, in place of what was stored before. Weights stay as they are.</summary>
    /// <param name="model">The folder of the checkpoint, or of the training, whose best is taken.</param>
    /// <param name="options">What is cleaned away; null for that nothing was chosen.</param>
    /// <exception cref="Storage.CheckpointException">The checkpoint is missing, damaged, or an archive.</exception>
    /// <exception cref="IOException">The checkpoint cannot be written.</exception>
    public static void Store(string model, PostProcessingOptions? options) =>
        SegmentationModel.ChangeMetadata(model, facts => PostProcessingMetadata.Replace(facts, options));

    private static void RequireKnownCases(string model, SegmentationModel loaded)
    {
        if (!RunMetadata.KnowsCases(loaded.Metadata))
        {
            throw new ExperimentException($"'{model}' does not say which cases it was trained with, so nobody can tell which were held out: "
                + "choose the post-processing in the folder of the training.");
        }
    }

    private static void RefuseOtherCases(string model, SegmentationModel loaded, IReadOnlyList<MedicalCase> cases)
    {
        RequireKnownCases(model, loaded);
        Func<string, bool> isTraining = RunMetadata.TrainingCases(loaded.Metadata), isHeldOut = RunMetadata.ValidationCases(loaded.Metadata);
        if (cases.FirstOrDefault(item => isTraining(item.Id)) is { } learned)
        {
            throw new ExperimentException($"'{model}' was trained on case {learned.Id}, so post-processing that is chosen on it would say nothing about "
                + "new patients: give cases that were held out for validation.");
        }

        if (cases.FirstOrDefault(item => !isHeldOut(item.Id)) is { } other)
        {
            throw new ExperimentException($"Case {other.Id} was not held out for validation when '{model}' was trained and may belong to a test, "
                + "on which nothing is chosen: give cases that were held out for validation.");
        }
    }
}
