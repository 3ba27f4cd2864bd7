using KnowledgeDistillation.Losses;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

/// <summary>The mean squared difference of features of two decoders.</summary>
internal sealed class FeatureLoss(params string[] names) : IDecoderFeatureLoss
{
    public IReadOnlyList<string> StudentFeatures => names;

    public Tensor Compute(DistillationContext context) => stack([.. names.Select(name =>
        (context.Student.DecoderFeature(name) - context.Teacher.DecoderFeature(name)).square().mean())]).mean();

    public override string ToString() => $"{nameof(FeatureLoss)} {string.Join(' ', names)}";
}
