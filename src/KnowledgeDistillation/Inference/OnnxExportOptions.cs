namespace KnowledgeDistillation.Inference;

/// <summary>What <see cref="OnnxExport"/> writes.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>
    /// The modalities that the file sees, for a network that works with any subset of its own: the rest of the network is left out. Default null: all of them.
    /// </summary>
    public IReadOnlyList<string>? Modalities { get; init; }

    /// <summary>Facts to keep in the file besides those of the model, for other programs to read. Default none.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = new Dictionary<string, string>();
}
