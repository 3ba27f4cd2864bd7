using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Preprocessing;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>Where the slices of a report come from.</summary>
/// <param name="LoadCase">Gives a test case by its name and the fold whose test it is part of, with all modalities and its reference.</param>
/// <param name="Segment">Gives the classes of all voxels of a case as the network of a run sees them.</param>
internal sealed record ReproductionPictures(Func<string, int, PreprocessedCase> LoadCase, Func<FinishedRun, PreprocessedCase, byte[]> Segment)
{
    /// <summary>Predicts anew with the checkpoints that the runs have kept.</summary>
    public static ReproductionPictures OfCheckpoints(Func<string, int, PreprocessedCase> loadCase, Device device) => new(loadCase, (run, prepared) =>
    {
        using var model = SegmentationModel.Load(run.Folder, device);
        return ModelInference.Classes(model, prepared);
    });
}
