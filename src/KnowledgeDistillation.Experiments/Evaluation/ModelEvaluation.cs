using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>Scores a network on cases that have a reference.</summary>
public static class ModelEvaluation
{
    /// <summary>Segments the cases and compares the result with their reference.</summary>
    /// <param name="title">The title of the network in the scores.</param>
    /// <param name="model">The network.</param>
    /// <param name="cases">The cases.</param>
    /// <param name="grids">The grids on which to compare.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <returns>One score per case, grid and region.</returns>
    public static IReadOnlyList<CaseScore> Score(
        string title,
        SegmentationModel model,
        IReadOnlyList<EvaluationCase> cases,
        IReadOnlyList<ScoringGrid> grids,
        IExperimentDisplay display,
        CancellationToken cancellation) => display.ShowCount($"scoring {title}", cases.Count, progress =>
    {
        var segmenter = new CaseSegmenter(model);
        IReadOnlyList<Region> scored = RunMetadata.LabelsOf(model.Metadata).Regions;
        var scores = new List<CaseScore>();
        for (int i = 0; i < cases.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            PreprocessedCase prepared = cases[i].Load();
            using CasePrediction prediction = segmenter.Predict(prepared);
            foreach (ScoringGrid grid in grids)
            {
                IEnumerable<RegionScores> regions = grid == ScoringGrid.Training
                    ? Compare(prediction.Classes(), prepared.Classes!, prepared.Geometry.Grid, scored)
                    : Compare(prediction.NativeClasses(), NativeReference(cases[i].Source, prepared), prepared.Geometry.NativeGrid, scored);
                scores.AddRange(regions.Select(region => new CaseScore(title, prepared.Id, cases[i].Source.Group, grid, region)));
            }

            progress.Report(i + 1);
        }

        return scores;
    });

    /// <summary>Refuses to score a network on references of other classes.</summary>
    /// <exception cref="ExperimentException">The classes differ, or are numbered in another order.</exception>
    public static void RefuseOtherClasses(SegmentationModel model, LabelConvention labels)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(labels);
        LabelConvention known = RunMetadata.LabelsOf(model.Metadata);
        if (known.ShortNames.SequenceEqual(labels.ShortNames, StringComparer.OrdinalIgnoreCase))
            return;
        throw new ExperimentException($"The network tells apart {string.Join(", ", known.ShortNames)}, but the references hold {labels.ToText()}: "
            + "say which labels stand for these classes, in their order.", nameof(ExperimentSettings.Labels));
    }

    private static byte[] NativeReference(MedicalCase source, PreprocessedCase prepared) =>
        prepared.Labels.ToClasses(NiftiImage.Load(source.SegmentationPath!).ToLabels());

    private static IReadOnlyList<RegionScores> Compare(byte[] prediction, byte[] reference, VolumeGrid grid, IReadOnlyList<Region> regions)
    {
        // What the reference leaves open is background in both, and so in no region: neither right nor wrong.
        if (reference.AsSpan().Contains((byte)LabelMap.Ignored))
        {
            prediction = [.. prediction.Zip(reference, (predicted, known) => known == LabelMap.Ignored ? (byte)0 : predicted)];
            reference = [.. reference.Select(known => known == LabelMap.Ignored ? (byte)0 : known)];
        }

        return SegmentationEvaluator.Evaluate<byte>(prediction, reference, grid.Size, grid.Spacing, regions);
    }
}
