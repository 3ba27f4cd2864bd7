using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>The smallest and the largest label of a batch; 0 and 0 where there is none.</summary>
internal sealed record LabelRange(long Smallest, long Largest)
{
    public static LabelRange Of(Tensor labels)
    {
        if (labels.numel() == 0)
            return new LabelRange(0, 0);
        using Tensor smallest = labels.min(), largest = labels.max();
        return new LabelRange(smallest.item<long>(), largest.item<long>());
    }
}
