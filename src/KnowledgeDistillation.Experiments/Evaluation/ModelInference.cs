using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>Runs a network over preprocessed cases.</summary>
public static class ModelInference
{
    /// <summary>The class of each voxel of a preprocessed case.</summary>
    public static byte[] Classes(SegmentationModel model, PreprocessedCase prepared)
    {
        using CasePrediction prediction = new CaseSegmenter(model).Predict(prepared);
        return prediction.Classes();
    }
}
