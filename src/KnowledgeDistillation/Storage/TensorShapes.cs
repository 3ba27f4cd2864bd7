namespace KnowledgeDistillation.Storage;

/// <summary>Judges the shapes that files claim, before anything is made of them.</summary>
internal static class TensorShapes
{
    // The limit of most tensor libraries; without one, a small file could ask for a tensor with millions of dimensions.
    private const int MostDimensions = 64;

    /// <summary>What is wrong with a shape, as the end of a sentence about its tensor; null if nothing is.</summary>
    /// <param name="shape">The size along each axis.</param>
    /// <param name="elementSize">The bytes of an element.</param>
    /// <param name="bytes">The bytes of all elements; 0 where the shape is wrong.</param>
    public static string? FindFault(ReadOnlySpan<long> shape, int elementSize, out long bytes)
    {
        bytes = 0;
        if (shape.Length > MostDimensions)
            return $"has {shape.Length} dimensions, more than {MostDimensions}.";
        Int128 extent = elementSize;
        bool isEmpty = false;
        for (int axis = 0; axis < shape.Length; axis++)
        {
            if (shape[axis] < 0)
                return $"has the size {shape[axis]} along dimension {axis}, which is no whole number from 0.";
            isEmpty |= shape[axis] == 0;
            // Sizes of 0 aside, as the strides of an empty tensor must be numbers too. At most 2^63 · 2^63, which 128 bits hold.
            extent *= Math.Max(1, shape[axis]);
            if (extent > long.MaxValue)
                return "has a shape with more elements than a file can hold.";
        }

        bytes = isEmpty ? 0 : (long)extent;
        return null;
    }
}
