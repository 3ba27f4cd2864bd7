namespace KnowledgeDistillation.Networks;

/// <summary>The spatial sizes that fit a network which halves its resolution several times.</summary>
internal static class SpatialSize
{
    /// <summary>Refuses a size that does not fit.</summary>
    /// <param name="size">The lengths.</param>
    /// <param name="multiple">Each must be a multiple of this number.</param>
    /// <param name="image">Of which image, to be named in the message, for example " of 't1ce'"; may be empty.</param>
    /// <exception cref="ArgumentException">It does not fit; the message names the next size that does.</exception>
    public static void Check(long[] size, int multiple, string image = "")
    {
        long[] next = [.. size.Select(length => Math.Max(1, (length + multiple - 1) / multiple) * multiple)];
        // A norm cannot normalize a single voxel.
        if (next.All(length => length == multiple))
            next = [.. next.Select(length => 2 * length)];
        if (!size.SequenceEqual(next))
        {
            throw new ArgumentException($"The spatial size {string.Join("×", size)}{image} does not fit a network of {int.Log2(multiple) + 1} levels: "
                + $"each length must be a multiple of {multiple}, and one at least {2 * multiple}. The next size that fits is {string.Join("×", next)}: "
                + "pad or crop the images, or use fewer levels.");
        }
    }
}
