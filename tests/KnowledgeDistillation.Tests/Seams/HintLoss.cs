using KnowledgeDistillation.Losses;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A loss that reads features of decoders.</summary>
internal sealed class HintLoss : IDecoderFeatureLoss
{
    public IReadOnlyList<string> StudentFeatures => [DecoderFeatureNames.Last];

    public Tensor Compute(DistillationContext context)
    {
        Tensor student = context.Student.DecoderFeature(DecoderFeatureNames.Last);
        Tensor teacher = context.Teacher.DecoderFeature(DecoderFeatureNames.Last);
        return (student - teacher.detach()).square().mean();
    }
}
