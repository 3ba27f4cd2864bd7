using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>What a case must have to be used, and what happens to the others. Immutable.</summary>
public sealed record BraTSDatasetOptions
{
    /// <summary>
    /// The modalities that each case must have. Default: all four. A student's training, evaluation and prediction need only
    /// <see cref="BraTSModality.T1ce"/>. Others that are there can be loaded all the same.
    /// </summary>
    public IReadOnlyList<string> RequiredModalities { get; init; } = BraTSModality.All;

    /// <summary>Whether each case must have a segmentation. Default true; prediction needs none.</summary>
    public bool RequireSegmentation { get; init; } = true;

    /// <summary>
    /// What the labels on disk mean, in all cases of the data set whatever its layout; null (default) to find it from the cases and the names of their
    /// files together.
    /// </summary>
    public BraTSLabelConvention? Labels { get; init; }

    /// <summary>
    /// The label of enhancing tumor on disk, where 1 is necrosis and 2 edema: 4 (BraTS 2017 to 2021), 3 (2023 and later), or null (default) to find it.
    /// The Medical Segmentation Decathlon has its own labels, whatever is set here. Not used where <see cref="Labels"/> is set.
    /// </summary>
    public int? EnhancingLabel { get; init; }

    /// <summary>What to do about cases that cannot be used. Default <see cref="FaultyCaseHandling.Stop"/>.</summary>
    public FaultyCaseHandling FaultyCases { get; init; } = FaultyCaseHandling.Stop;

    /// <summary>
    /// Whether to read each segmentation on opening and check its labels. Default true; costs about 20 ms per case of 240×240×155. Without
    /// it, the meaning of labels follows the names of files alone, and unknown labels show when the case is loaded.
    /// </summary>
    public bool VerifySegmentations { get; init; } = true;

    /// <summary>The convention that is not to be searched for.</summary>
    internal BraTSLabelConvention? GivenLabels => Labels ?? EnhancingLabel switch
    {
        3 => BraTSLabelConvention.BraTS2023,
        4 => BraTSLabelConvention.BraTS2018,
        _ => null,
    };

    internal void Validate() => new OptionFaults(nameof(BraTSDatasetOptions))
        .Require(
            RequiredModalities.All(BraTSModality.All.Contains),
            $"{nameof(RequiredModalities)} must hold some of {string.Join(", ", BraTSModality.All)}, but is {string.Join(", ", RequiredModalities)}.")
        .Require(EnhancingLabel is null or 3 or 4, $"{nameof(EnhancingLabel)} must be 3, 4 or null, but is {EnhancingLabel}.")
        .ThrowIfAny();
}
