#pragma warning disable IDE0055
using static TorchSharp.torch;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Inference;
namespace KnowledgeDistillation.Samples.BraTS;
internal sealed class SliceBatchSource(IBatchSource s) : IBatchSource { public int BatchCount => s.BatchCount; public IEnumerable<Batch> ReadEpoch(int e) => s.ReadEpoch(e); }
internal sealed class SliceInference : IInference { public Tensor Predict(IEncoderDecoder n, LabelScheme l, ModalityImages i) => throw new NotSupportedException(); }
