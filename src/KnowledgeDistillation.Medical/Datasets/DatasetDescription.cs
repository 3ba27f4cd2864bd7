namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>What networks for a data set depend on, whatever its cases: the modalities that they can see and the labels that they tell apart.</summary>
/// <param name="Modalities">The modalities, in the order of the channels of a network that sees them all.</param>
/// <param name="Labels">The classes with their numbers on disk, and the regions that are scored.</param>
public sealed record DatasetDescription(IReadOnlyList<string> Modalities, LabelConvention Labels)
{
    /// <summary>The regions that are scored.</summary>
    public IReadOnlyList<Region> Regions => Labels.Regions;

    /// <summary>The modality of a name as the data set spells it, whatever its case; null where it has none.</summary>
    /// <param name="name">For example "ct", where the data set calls it "CT".</param>
    public string? FindModality(string name) => Modalities.FirstOrDefault(known => known.Equals(name, StringComparison.Ordinal))
        ?? Modalities.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public bool Equals(DatasetDescription? other) => other is not null && Modalities.SequenceEqual(other.Modalities) && Labels.Equals(other.Labels);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Modalities.Count, Labels);
}
