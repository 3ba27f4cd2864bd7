namespace KnowledgeDistillation.Storage;

/// <summary>What a model's folder says about it.</summary>
internal sealed record ModelDescription(NetworkRecipe? Recipe, LabelScheme Labels, IReadOnlyDictionary<string, string> Metadata);
