namespace KnowledgeDistillation.Losses;

/// <summary>A loss made of others, which lets a trainer find the parts that have something to learn, and an objective those that it must dispose.</summary>
public interface ICompositeLoss : IDistillationLoss
{
    /// <summary>The losses that it is made of.</summary>
    IEnumerable<IDistillationLoss> Parts { get; }
}
