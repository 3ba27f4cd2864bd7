namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>One fold of a cross-validation.</summary>
/// <param name="Training">The cases that the network learns from.</param>
/// <param name="Validation">The cases that decide about learning rate and checkpoint.</param>
/// <param name="Test">The cases that are scored; each case of the data set is in this part of exactly one fold.</param>
public sealed record CrossValidationFold(IReadOnlyList<MedicalCase> Training, IReadOnlyList<MedicalCase> Validation, IReadOnlyList<MedicalCase> Test);
