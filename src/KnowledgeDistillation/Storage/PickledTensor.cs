namespace KnowledgeDistillation.Storage;

/// <summary>What a pickle says of a tensor, before its values are read.</summary>
/// <param name="StorageKey">The name of the file of its values.</param>
/// <param name="ElementType">Their type as safetensors calls it.</param>
/// <param name="Offset">The first value.</param>
/// <param name="Shape">The size along each axis.</param>
/// <param name="Strides">The distance of neighbors along each axis, in values.</param>
internal sealed record PickledTensor(string StorageKey, string ElementType, long Offset, long[] Shape, long[] Strides);
