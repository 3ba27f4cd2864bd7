using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Training;

/// <summary>The objective became infinite or not a number. The fit stopped before the weights were changed by it; checkpoints are those of before.</summary>
public sealed class NonFiniteLossException : Exception
{
    /// <summary>Makes the exception.</summary>
    public NonFiniteLossException(int epoch, int step, bool inValidation, IReadOnlyList<string> caseIds, IReadOnlyList<TermValue> terms)
        : base($"The loss is not finite in epoch {epoch}, {(inValidation ? "validation " : "")}step {step}, case {string.Join(", ", caseIds)}: {Describe(terms)}. Look at this case for damaged voxels; if it is sound, lower the learning rate or clip the gradient.")
    {
        (Epoch, Step, InValidation, CaseIds, Terms) = (epoch, step, inValidation, caseIds, terms);
    }

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

    private static string Describe(IReadOnlyList<TermValue> terms) =>
        string.Join(", ", terms.Select(term => FormattableString.Invariant($"{term.Name} = {term.Value}")));
}
