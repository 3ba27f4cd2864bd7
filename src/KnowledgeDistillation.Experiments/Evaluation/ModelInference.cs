using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>Runs a network over volumes as it was trained: on volumes, or slice by slice.</summary>
public static class ModelInference
{
    /// <summary>What segments preprocessed cases with a network.</summary>
    public static CaseSegmenter Segmenter(SegmentationModel model) => new(model, Of(model.Network));

    /// <summary>How a network sees volumes; null for the whole volume at once.</summary>
    public static IInference? Of(IEncoderDecoder network) => network.Recipe is UNet2DOptions ? new SliceInference() : null;

    /// <summary>The class of each voxel of a preprocessed case.</summary>
    public static byte[] Classes(SegmentationModel model, PreprocessedCase prepared)
    {
        using CasePrediction prediction = Segmenter(model).Predict(prepared);
        return prediction.Classes();
    }
}
