namespace KnowledgeDistillation.Onnx;

/// <summary>
/// A TorchSharp module of one tensor to one that can be written as ONNX. Implement it for a layer or a whole network of your own:
/// <see cref="OnnxGraph.Apply(TorchSharp.torch.nn.Module{TorchSharp.torch.Tensor, TorchSharp.torch.Tensor}, OnnxValue)"/> finds it.
/// </summary>
public interface IOnnxLayer
{
    /// <summary>Writes what the module computes in evaluation mode.</summary>
    /// <param name="graph">Takes the operations.</param>
    /// <param name="input">What <c>forward</c> gets.</param>
    /// <returns>What <c>forward</c> gives.</returns>
    /// <exception cref="NotSupportedException">A part of the module cannot be written; the message names it and says what to do.</exception>
    OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input);
}
