using KnowledgeDistillation.Onnx;

namespace KnowledgeDistillation.Networks;

/// <summary>One step up of a <see cref="UShapedNetwork"/> that can be written as ONNX.</summary>
internal interface IOnnxDecoderLevel
{
    /// <summary>Writes what the step computes in evaluation mode.</summary>
    OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue deeper, OnnxValue? skip);
}
