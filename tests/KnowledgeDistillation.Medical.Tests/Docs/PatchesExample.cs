using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Augmentation;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Medical.Tests.Docs;

/// <summary>The program of docs/patches.md.</summary>
internal static class PatchesExample
{
    public static (CaseBatchSource Patches, TrainingOptions Options) Make(IReadOnlyList<CachedCase> cached, IReadOnlyList<CachedCase> validation)
    {
        CaseBatchSource patches = new(cached, new CaseBatchOptions
        {
            BatchSize = 2,
            Patches = new PatchSampling { Size = VolumeSize.Cube(128) },
            Augmentation = AugmentationOptions.All with { Scaling = null },
        });
        CaseValidation wholeCases = new(
            new CaseBatchSource(validation, CaseBatchOptions.Evaluation),
            new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [128, 128, 128] }),
            Every: 5);
        TrainingOptions options = new() { BestEpoch = BestEpochRule.Dice, CaseValidation = wholeCases };
        return (patches, options);
    }
}
