namespace KnowledgeDistillation;

/// <summary>The objective averaged over the cases of an epoch.</summary>
/// <param name="Total">The weighted sum.</param>
/// <param name="Terms">Each term, unweighted and with its weight.</param>
public sealed record LossReport(double Total, IReadOnlyList<TermValue> Terms);
