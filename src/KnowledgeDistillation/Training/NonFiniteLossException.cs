namespace KnowledgeDistillation.Training;

/// <summary>The objective, or the weights by its gradient, became infinite or not a number. The fit stopped; checkpoints are those from before that.</summary>
/// <remarks>
/// On a CPU the network has the weights of the last sound step. On a GPU losses are read several steps at once, so that it may have gone on with weights
/// that are not finite: load the last checkpoint.
/// </remarks>
public sealed class NonFiniteLossException : Exception
{
    /// <summary>Makes the exception.</summary>
    public NonFiniteLossException(int epoch, int step, bool inValidation, IReadOnlyList<string> caseIds, IReadOnlyList<TermValue> terms)
        : this(
            epoch,
            step,
            inValidation,
            caseIds,
            terms,
            $"The loss is not finite in epoch {epoch}, {(inValidation ? "validation " : "")}step {step}, case {string.Join(", ", caseIds)}: {Describe(terms)}. "
                + "Look at this case for damaged voxels; if it is sound, lower the learning rate or clip the gradient.")
    {
    }

    private NonFiniteLossException(int epoch, int step, bool inValidation, IReadOnlyList<string> caseIds, IReadOnlyList<TermValue> terms, string message)
        : base(message) => (Epoch, Step, InValidation, CaseIds, Terms) = (epoch, step, inValidation, caseIds, terms);

    /// <summary>Number of the epoch, from 0.</summary>
    public int Epoch { get; }

    /// <summary>Number of the step in the epoch, from 0.</summary>
    public int Step { get; }

    /// <summary>Whether it happened during validation.</summary>
    public bool InValidation { get; }

    /// <summary>The cases of the batch.</summary>
    public IReadOnlyList<string> CaseIds { get; }

    /// <summary>Each term's value.</summary>
    public IReadOnlyList<TermValue> Terms { get; }

    /// <summary>The last step of an epoch had a finite loss but left weights that are not finite.</summary>
    internal static NonFiniteLossException InWeights(int epoch, int step, IReadOnlyList<string> caseIds, IReadOnlyList<TermValue> terms) => new(
        epoch, step, inValidation: false, caseIds, terms,
        $"The weights are not finite after epoch {epoch}, step {step}, case {string.Join(", ", caseIds)}, though its loss was: {Describe(terms)}. "
            + "Lower the learning rate, clip the gradient, or look for a loss whose gradient is infinite.");

    private static string Describe(IReadOnlyList<TermValue> terms) =>
        string.Join(", ", terms.Select(term => FormattableString.Invariant($"{term.Name} = {term.Value}")));
}
