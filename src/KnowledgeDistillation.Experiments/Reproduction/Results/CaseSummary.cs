using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>
/// Mean and sample standard deviation of a metric over cases. Infinite distances are left out of both, and counted:
/// a mean over them would be infinite whatever the other cases are.
/// </summary>
/// <param name="Mean">The mean; NaN where no case has a finite value.</param>
/// <param name="StandardDeviation">The sample standard deviation (divisor n − 1); NaN with fewer than two finite values.</param>
/// <param name="Cases">All cases that were scored.</param>
/// <param name="Skipped">Those that have no value, for example because the region is empty.</param>
/// <param name="Infinite">Those whose distance is infinite, because the region is empty in either the prediction or the reference.</param>
internal readonly record struct CaseSummary(double Mean, double StandardDeviation, int Cases, int Skipped, int Infinite)
{
    /// <summary>The cases that count.</summary>
    public int Counted => Cases - Skipped - Infinite;

    public static CaseSummary Of(IEnumerable<double> values)
    {
        double[] all = values.ToArray();
        MeanAndDeviation finite = MeanAndDeviation.Of(all.Where(double.IsFinite));
        return new CaseSummary(finite.Mean, finite.StandardDeviation, all.Length, all.Count(double.IsNaN), all.Count(double.IsInfinity));
    }
}
