using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical;
using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>Runs a network over volumes as it was trained: on volumes, or slice by slice.</summary>
internal static class ModelInference
{
    public static CaseSegmenter Segmenter(SegmentationModel model) => new(model, model.Network.Recipe is UNet2DOptions ? new SliceInference() : null);

    /// <summary>The class of each voxel of a preprocessed case.</summary>
    public static byte[] Classes(SegmentationModel model, PreprocessedCase prepared)
    {
        using CasePrediction prediction = Segmenter(model).Predict(prepared);
        return prediction.Classes();
    }
}
