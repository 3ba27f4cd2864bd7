namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>What the labels of a data set were found to mean.</summary>
/// <param name="Labels">The one convention of the data set.</param>
/// <param name="Faults">Why each case contradicts it, as the rest of a sentence, in the order of the cases; null for those that do not.</param>
public sealed record FoundLabels(LabelConvention Labels, IReadOnlyList<string?> Faults);
