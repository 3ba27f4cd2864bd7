namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>Why a case cannot be used.</summary>
/// <param name="CaseId">The name of the case.</param>
/// <param name="Reason">What is wrong, as the rest of a sentence.</param>
public sealed record CaseFault(string CaseId, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{CaseId}: {Reason}";
}
