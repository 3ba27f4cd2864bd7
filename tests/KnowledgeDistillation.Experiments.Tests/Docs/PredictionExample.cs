using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Prediction;

namespace KnowledgeDistillation.Experiments.Tests.Docs;

/// <summary>The programs of docs/prediction.md.</summary>
internal static class PredictionExample
{
    public static void Folder(string firstRun, string secondRun, string imagesTs, string output)
    {
        using SegmentationEnsemble ensemble = SegmentationEnsemble.Load([firstRun, secondRun], new PredictionOptions { Mirrors = true });
        PredictionInputs inputs = PredictionInputs.Find([imagesTs], ensemble);
        IReadOnlyList<PredictionRow> rows = FolderPrediction.Run(ensemble, inputs.Cases, inputs.NameResults(output, [imagesTs]));
        Console.WriteLine(FolderPrediction.Table(rows, ensemble.Labels));
    }

    public static void PostProcessing(string run, MedicalDataset dataset)
    {
        IReadOnlyList<MedicalCase> validation = PostProcessingTuning.ValidationCases(run, dataset.Cases);
        PostProcessingChoice choice = PostProcessingTuning.Find(run, validation);
        PostProcessingTuning.Store(run, choice.Options);
        foreach (PostProcessingEffect effect in choice.Regions)
            Console.WriteLine($"{effect.Region}: {effect.Before:0.000} -> {effect.After:0.000}");
    }

    public static void Case(string run, MedicalCase patient, string segmentation)
    {
        PredictionOptions options = new()
        {
            Uncertainty = true,
            PostProcessing = new PostProcessingOptions { LargestComponent = true, MinimumVolumes = [new MinimumVolume("ET", 50)] },
        };
        using SegmentationEnsemble ensemble = SegmentationEnsemble.Load([run], options);
        CaseSegmentation result = ensemble.Segment(patient);
        foreach (RegionVolume volume in result.Volumes)
            Console.WriteLine($"{volume.Region}: {volume.CubicMillimeters / 1000:0.0} ml");
        NiftiImage.FromLabels(result.ToLabels(), NiftiImage.LoadHeader(patient.Images["t1ce"].Path)).Save(segmentation);
    }
}
