namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>What an <see cref="IDatasetLayout"/> found in a folder.</summary>
public sealed record DatasetFiles
{
    /// <summary>The name of the layout, for people.</summary>
    public required string Layout { get; init; }

    /// <summary>The modalities of the data set, in the order of the channels of a network that sees them all; at least one.</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>The cases.</summary>
    public required IReadOnlyList<CaseFiles> Cases { get; init; }

    /// <summary>
    /// What the labels mean, where the data set says so. Null (default) where it does not: <see cref="FindLabels"/> then tells, or, where that is null too,
    /// each number that occurs is a class.
    /// </summary>
    public LabelConvention? Labels { get; init; }

    /// <summary>Finds what the labels mean from the files of all cases and the numbers in them.</summary>
    public Func<IReadOnlyList<CaseLabels>, FoundLabels>? FindLabels { get; init; }

    /// <summary>Folders in which there may be more cases, but which cannot be reached, by name.</summary>
    public IReadOnlyList<CaseFault> Unreached { get; init; } = [];

    /// <summary>What is worth knowing and keeps no case from being used, in sentences.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>
    /// The folds that the data set itself prescribes: the names of the cases for training and of those for validation; empty where it has none.
    /// </summary>
    public IReadOnlyList<(IReadOnlyList<string> Training, IReadOnlyList<string> Validation)> Splits { get; init; } = [];
}
