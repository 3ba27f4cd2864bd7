using KnowledgeDistillation.Labels;

namespace KnowledgeDistillation.Onnx;

/// <summary>
/// Logits z such that σ(z) is the weighted mean of the probabilities of several networks, as <see cref="LabelScheme"/> computes them in torch.
/// </summary>
internal static class MeanLogits
{
    /// <param name="graph">Takes the operations.</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <param name="logits">Raw logits of each network.</param>
    /// <param name="weights">Their weights, above 0, adding up to 1.</param>
    public static OnnxValue Write(OnnxGraph graph, LabelScheme labels, IReadOnlyList<OnnxValue> logits, IReadOnlyList<double> weights)
    {
        if (labels is ExclusiveClasses)
            return LogMean(graph, [.. logits.Select(each => graph.Add("LogSoftmax", [each], ("axis", 1L)))], weights);
        // log σ(x) = −softplus(−x) and log(1 − σ(x)) = −softplus(x).
        OnnxValue[] probabilities = [.. logits.Select(each => NegativeSoftplus(graph, graph.Add("Neg", [each])))];
        OnnxValue[] complements = [.. logits.Select(each => NegativeSoftplus(graph, each))];
        return graph.Minus(LogMean(graph, probabilities, weights), LogMean(graph, complements, weights));
    }

    // Written out, because ONNX leaves open how a runtime computes Softplus: max(x, 0) + log(1 + exp(−|x|)) is finite for every x.
    private static OnnxValue NegativeSoftplus(OnnxGraph graph, OnnxValue input)
    {
        OnnxValue small = graph.Add("Exp", [graph.Add("Neg", [graph.Add("Abs", [input])])]);
        return graph.Add("Neg", [graph.Plus(graph.Relu(input), graph.Add("Log", [graph.Plus(small, graph.Scalar(1))]))]);
    }

    // log Σ_m w_m exp(x_m), from the greatest of them.
    private static OnnxValue LogMean(OnnxGraph graph, IReadOnlyList<OnnxValue> logarithms, IReadOnlyList<double> weights)
    {
        OnnxValue[] weighted = [.. logarithms.Zip(weights, (each, weight) => graph.Plus(each, graph.Scalar(Math.Log(weight))))];
        OnnxValue greatest = graph.Add("Max", weighted);
        OnnxValue sum = graph.Sum([.. weighted.Select(each => graph.Add("Exp", [graph.Minus(each, greatest)]))]);
        return graph.Plus(graph.Add("Log", [sum]), greatest);
    }
}
