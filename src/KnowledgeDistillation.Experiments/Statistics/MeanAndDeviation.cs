using System.Globalization;

namespace KnowledgeDistillation.Experiments.Statistics;

/// <summary>Mean and sample standard deviation of scores, NaN left out.</summary>
/// <param name="Mean">The mean; NaN where nothing was counted; infinite where a score is.</param>
/// <param name="StandardDeviation">The sample standard deviation (divisor n − 1); NaN with fewer than two scores or an infinite one.</param>
/// <param name="Count">How many scores were counted.</param>
/// <param name="Skipped">How many were NaN and left out.</param>
public readonly record struct MeanAndDeviation(double Mean, double StandardDeviation, int Count, int Skipped)
{
    /// <summary>Summarizes scores, for example one per case. NaN stands for a case that has no score.</summary>
    public static MeanAndDeviation Of(IEnumerable<double> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        double[] all = scores.ToArray();
        double[] counted = Array.FindAll(all, score => !double.IsNaN(score));
        double mean = counted.Length == 0 ? double.NaN : counted.Sum() / counted.Length;
        double squares = counted.Sum(score => (score - mean) * (score - mean));
        double deviation = counted.Length < 2 ? double.NaN : Math.Sqrt(squares / (counted.Length - 1));
        return new MeanAndDeviation(mean, deviation, counted.Length, all.Length - counted.Length);
    }

    /// <summary>For example "0.8312 ± 0.0456 (n = 19)".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Mean:0.0000} ± {StandardDeviation:0.0000} (n = {Count})");
}
