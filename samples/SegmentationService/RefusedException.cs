namespace KnowledgeDistillation.Samples.SegmentationService;

/// <summary>A request that cannot be answered, for a reason that its sender may read: one sentence without paths or patients.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">What is wrong, and what to do.</param>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    public int Status => status;
}
