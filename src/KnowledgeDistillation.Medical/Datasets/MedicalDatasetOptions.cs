using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>What a case must have to be used, and what happens to the others. Immutable.</summary>
public sealed record MedicalDatasetOptions
{
    /// <summary>
    /// The modalities that each case must have. Default null: all of the data set. A student's training, evaluation and prediction need only its own.
    /// Others that are there can be loaded all the same.
    /// </summary>
    public IReadOnlyList<string>? RequiredModalities { get; init; }

    /// <summary>The layouts that are looked for, in this order. Default null: <see cref="DatasetLayouts.All"/>.</summary>
    public IReadOnlyList<IDatasetLayout>? Layouts { get; init; }

    /// <summary>Whether each case must have a segmentation. Default true; prediction needs none.</summary>
    public bool RequireSegmentation { get; init; } = true;

    /// <summary>
    /// What the labels on disk mean, in all cases of the data set whatever its layout; null (default) to find it from the cases and the names of their
    /// files together.
    /// </summary>
    public LabelConvention? Labels { get; init; }

    /// <summary>What to do about cases that cannot be used. Default <see cref="FaultyCaseHandling.Stop"/>.</summary>
    public FaultyCaseHandling FaultyCases { get; init; } = FaultyCaseHandling.Stop;

    /// <summary>
    /// Whether to read each segmentation on opening and check its labels. Default true; costs about 20 ms per case of 240×240×155. Without
    /// it, the meaning of labels follows the names of files alone, and unknown labels show when the case is loaded.
    /// </summary>
    public bool VerifySegmentations { get; init; } = true;

    internal void Validate() => new OptionFaults(nameof(MedicalDatasetOptions))
        .Require(Layouts is not { Count: 0 }, $"{nameof(Layouts)} must hold at least one layout, but is empty.")
        .Require(Enum.IsDefined(FaultyCases), $"{nameof(FaultyCases)} has no value {FaultyCases}.")
        .ThrowIfAny();

    /// <summary>Refuses required modalities that a data set does not have.</summary>
    internal void RefuseUnknownModalities(IReadOnlyList<string> known, string folder) => new OptionFaults(nameof(MedicalDatasetOptions))
        .Require(
            RequiredModalities is null || RequiredModalities.All(known.Contains),
            $"{nameof(RequiredModalities)} must hold some of {string.Join(", ", known)}, which the data set '{folder}' has, "
                + $"but is {string.Join(", ", RequiredModalities ?? [])}.")
        .ThrowIfAny();
}
