namespace KnowledgeDistillation.Training;

/// <summary>The values of the objective and its terms in one step.</summary>
/// <param name="Step">Number of the step in the epoch, from 0.</param>
/// <param name="CaseIds">The cases of its batch.</param>
/// <param name="Total">The weighted sum.</param>
/// <param name="Terms">Each term.</param>
internal sealed record LossReading(int Step, IReadOnlyList<string> CaseIds, double Total, IReadOnlyList<TermValue> Terms);
