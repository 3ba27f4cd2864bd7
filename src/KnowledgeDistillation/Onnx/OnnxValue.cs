namespace KnowledgeDistillation.Onnx;

/// <summary>A value in an <see cref="OnnxGraph"/>: an input, a weight, or what an operation gives.</summary>
public sealed record OnnxValue
{
    internal OnnxValue(string name) => Name = name;

    /// <summary>Its name in the file.</summary>
    public string Name { get; }
}
