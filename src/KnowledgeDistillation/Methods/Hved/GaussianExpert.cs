using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.Hved;

/// <summary>
/// One factor of a product of Gaussians, in the form in which factors add up. U-HVED (Dorent et al. 2019, after Wu and Goodman 2018): with t = 1/(σ² + 1e-7)
/// of each modality and a standard normal prior as one more factor, the product has the precision T = 1 + Σ t, the mean Σ t μ / T and the variance 1/T.
/// </summary>
/// <param name="Precision">t, at most 1e7, so that a sum of some stays finite and the prior is not lost.</param>
/// <param name="WeightedMean">t μ.</param>
internal readonly record struct GaussianExpert(Tensor Precision, Tensor WeightedMean)
{
    private const double Epsilon = 1e-7;
    private const double PriorPrecision = 1;

    public static GaussianExpert Of(DiagonalGaussian gaussian)
    {
        Tensor precision = gaussian.LogVariance.exp().Plus(Epsilon).reciprocal();
        return new GaussianExpert(precision, precision * gaussian.Mean);
    }

    /// <summary>The product of the experts, at least one, with the prior.</summary>
    public static DiagonalGaussian ProductWithPrior(IEnumerable<GaussianExpert> experts)
    {
        GaussianExpert sum = experts.Aggregate(
            (first, second) => new GaussianExpert(first.Precision.Plus(second.Precision), first.WeightedMean.Plus(second.WeightedMean)));
        Tensor precision = sum.Precision.Plus(PriorPrecision);
        return new DiagonalGaussian(sum.WeightedMean / precision, precision.log().neg());
    }

    /// <summary>Writes the mean of the product of the experts with the prior.</summary>
    /// <param name="graph">Takes the operations.</param>
    /// <param name="gaussians">Mean and log-variance of each expert, at least one.</param>
    public static OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<(OnnxValue Mean, OnnxValue LogVariance)> gaussians)
    {
        OnnxValue[] precisions =
            [.. gaussians.Select(gaussian => graph.Add("Reciprocal", [graph.Plus(graph.Add("Exp", [gaussian.LogVariance]), graph.Scalar(Epsilon))]))];
        OnnxValue[] weighted = [.. gaussians.Zip(precisions, (gaussian, precision) => graph.Times(precision, gaussian.Mean))];
        return graph.Over(graph.Sum(weighted), graph.Plus(graph.Sum(precisions), graph.Scalar(PriorPrecision)));
    }
}
