namespace KnowledgeDistillation.Onnx;

/// <summary>
/// A network that can be written as ONNX. Every network of this library can; implement it beside <see cref="IEncoderDecoder"/> for one of your own.
/// </summary>
public interface IOnnxExportable
{
    /// <summary>
    /// The number of channels of the image of a modality; null where any number fits. Default 1.
    /// </summary>
    /// <param name="modality">One of the network's modalities.</param>
    int? ImageChannels(string modality) => 1;

    /// <summary>Writes what the network computes in evaluation mode: the same as <c>Decode(Encode(images))</c>.</summary>
    /// <param name="graph">Takes the operations.</param>
    /// <param name="images">The images by modality, each float32 [N, C, spatial...] of any N and any size that fits the network: all modalities of
    /// the network, or some of them where <see cref="IEncoderDecoder.NeedsAllModalities"/> is false.</param>
    /// <returns>The raw logits [N, K, spatial...].</returns>
    /// <exception cref="NotSupportedException">A part of the network cannot be written; the message names it and says what to do.</exception>
    OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images);
}
