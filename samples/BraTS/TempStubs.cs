#pragma warning disable IDE0055
using static TorchSharp.torch;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Inference;
namespace KnowledgeDistillation.Samples.BraTS;
internal sealed record MultiResUNet3DOptions : NetworkRecipe { public IReadOnlyList<string> Modalities { get; init; } = []; public int OutputChannels { get; init; } public int BaseWidth { get; init; } public int Levels { get; init; } public override IEncoderDecoder Build() => throw new NotSupportedException(); }
internal sealed class SliceBatchSource(IBatchSource s) : IBatchSource { public int BatchCount => s.BatchCount; public IEnumerable<Batch> ReadEpoch(int e) => s.ReadEpoch(e); }
internal sealed class SliceInference : IInference { public Tensor Predict(IEncoderDecoder n, LabelScheme l, ModalityImages i) => throw new NotSupportedException(); }
