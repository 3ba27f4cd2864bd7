using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>What is reported of each region.</summary>
internal enum RegionMetric
{
    /// <summary>Dice, from 0 to 1; 1 where reference and prediction are both empty, 0 where only one is.</summary>
    Dice,

    /// <summary>Dice, from 0 to 1; without the cases whose reference is empty.</summary>
    DiceSkippingEmpty,

    /// <summary>The 95th percentile of the Hausdorff distance in mm; infinite where only one of the masks is empty, without a value where both are.</summary>
    HausdorffDistance95,

    /// <summary>Sensitivity, from 0 to 1; 1 where reference and prediction are both empty, 0 where only one is.</summary>
    Sensitivity,

    /// <summary>Specificity, from 0 to 1.</summary>
    Specificity,

    /// <summary>
    /// Predicted over reference volume, at least 0; 1 where both are empty, infinite where only the reference is. More than 1 on average means that a network
    /// marks too much, which Dice does not tell from too little.
    /// </summary>
    VolumeRatio,
}

internal static class RegionMetricValues
{
    /// <summary>Its name in CSV files.</summary>
    public static string ColumnName(this RegionMetric metric) => metric switch
    {
        RegionMetric.Dice => "dice",
        RegionMetric.DiceSkippingEmpty => "dice_empty_skipped",
        RegionMetric.HausdorffDistance95 => "hd95_mm",
        RegionMetric.Sensitivity => "sensitivity",
        RegionMetric.VolumeRatio => "volume_ratio",
        _ => "specificity",
    };

    /// <summary>Its value for a region of a case; NaN where it has none.</summary>
    public static double Of(this RegionMetric metric, RegionScores scores) => metric switch
    {
        RegionMetric.Dice => scores.Dice,
        RegionMetric.DiceSkippingEmpty => scores.DiceSkippingEmpty,
        RegionMetric.HausdorffDistance95 => scores.HausdorffDistance95,
        RegionMetric.Sensitivity => scores.Sensitivity,
        RegionMetric.VolumeRatio => scores.VolumeRatio,
        _ => scores.Specificity,
    };
}
