using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>An objective and its terms as tensors, to be differentiated and read in the dispose scope in which they were made.</summary>
/// <param name="Total">The weighted sum, a scalar.</param>
/// <param name="Terms">Each term with its unweighted value, a scalar.</param>
public sealed record ObjectiveValue(Tensor Total, IReadOnlyList<(LossTerm Term, Tensor Value)> Terms)
{
    /// <summary>Reads the terms back from the device, in one copy.</summary>
    public IReadOnlyList<TermValue> Read()
    {
        using var scope = NewDisposeScope();
        double[] values = [.. Stack().cpu().to(ScalarType.Float64).data<double>()];
        return [.. Terms.Zip(values, (term, value) => new TermValue(term.Term.Name, term.Term.Weight, value))];
    }

    /// <summary>The values of the terms in one tensor on the device, through which no gradient flows.</summary>
    internal Tensor Stack() => stack([.. Terms.Select(term => term.Value.detach().reshape([]))]);
}
