using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>How cases are split. The paper runs "a three fold cross validation" and leaves the rest open. Immutable.</summary>
public sealed record CrossValidationOptions
{
    /// <summary>Number of folds, at least 2. Default 3.</summary>
    public int Folds { get; init; } = 3;

    /// <summary>The same seed gives the same split. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// The share of the training part that is held out for validation, above 0 and below 1; at least one case. Default 0.1. Not used
    /// where <see cref="ValidateOnTest"/> is set.
    /// </summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>
    /// Which of the disjoint parts of that share is held out, from 0 to ⌊1 / <see cref="ValidationShare"/>⌋ - 1. Default 0.
    /// Networks that are trained with different parts of the same fold form an ensemble none of whose members has seen the test cases.
    /// </summary>
    public int ValidationPart { get; init; }

    /// <summary>
    /// Whether to validate, and so to choose the checkpoint, on the fold that is scored, and to train on all the rest: word for word what
    /// the paper says, but optimistic. Default false.
    /// </summary>
    public bool ValidateOnTest { get; init; }

    internal int ValidationParts => (int)(1 / ValidationShare);

    internal void Validate()
    {
        bool sharesAreRight = ValidationShare is > 0 and < 1;
        new OptionFaults(nameof(CrossValidationOptions))
            .Require(Folds >= 2, $"{nameof(Folds)} must be at least 2, but is {Folds}.")
            .Require(sharesAreRight, $"{nameof(ValidationShare)} must be between 0 and 1, but is {ValidationShare}.")
            .Require(
                !sharesAreRight || (ValidationPart >= 0 && ValidationPart < ValidationParts),
                $"{nameof(ValidationPart)} must be from 0 to {(sharesAreRight ? ValidationParts - 1 : 0)}, but is {ValidationPart}.")
            .ThrowIfAny();
    }
}
