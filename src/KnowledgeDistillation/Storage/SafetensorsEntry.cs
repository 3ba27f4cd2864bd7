using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>What the header of a safetensors file says about one tensor.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="ElementType">The type of its elements.</param>
/// <param name="Shape">Its size along each dimension; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, counted from the end of the header.</param>
/// <param name="ByteCount">How many bytes it has.</param>
public sealed record SafetensorsEntry(string Name, ScalarType ElementType, IReadOnlyList<long> Shape, long Offset, long ByteCount);
