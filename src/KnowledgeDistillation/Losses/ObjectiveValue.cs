using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>An objective and its terms as tensors, to be differentiated and read in the dispose scope in which they were made.</summary>
/// <param name="Total">The weighted sum, a scalar.</param>
/// <param name="Terms">Each term with its unweighted value, a scalar.</param>
public sealed record ObjectiveValue(Tensor Total, IReadOnlyList<(LossTerm Term, Tensor Value)> Terms)
{
    /// <summary>Reads the terms back from the device.</summary>
    public IReadOnlyList<TermValue> Read() =>
        [.. Terms.Select(term => new TermValue(term.Term.Name, term.Term.Weight, term.Value.to(ScalarType.Float64).item<double>()))];
}
