using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>Which modalities a hetero-modal network sees.</summary>
internal static class ModalitySubset
{
    /// <summary>The modalities of a network that are at hand, in the network's order.</summary>
    /// <exception cref="ArgumentException">None is, or an image does not fit the network.</exception>
    public static IReadOnlyList<string> AtHand(IEncoderDecoder network, ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        string[] atHand = [.. network.Modalities.Where(images.Contains)];
        if (atHand.Length == 0)
        {
            throw new ArgumentException(
                $"At least one of the modalities {string.Join(", ", network.Modalities)} is needed, but there are only: {string.Join(", ", images.Names)}.",
                nameof(images));
        }

        foreach (string name in atHand)
            CheckShape(network, name, images[name].shape);
        return atHand;
    }

    /// <summary>
    /// A random subset: its size is uniform in 1 to the number of names, and every subset of that size equally likely.
    /// Drawn with torch's default generator of the CPU, whatever the device of the network, so that a seed gives the same subsets everywhere.
    /// </summary>
    /// <returns>The names of the subset, in the order of <paramref name="names"/>.</returns>
    public static IReadOnlyList<string> Draw(IReadOnlyList<string> names)
    {
        if (names.Count == 1)
            return names;
        using Tensor size = randint(1, names.Count + 1, [1], ScalarType.Int64, CPU);
        using Tensor order = randperm(names.Count, ScalarType.Int64, CPU);
        long[] drawn = [.. order.data<long>().Take((int)size.item<long>())];
        return [.. names.Where((_, index) => drawn.Contains(index))];
    }

    private static void CheckShape(IEncoderDecoder network, string name, long[] shape)
    {
        if (shape.Length != 5 || shape[1] != 1)
        {
            throw new ArgumentException(
                $"{network.Module.GetName()} needs images [N, 1, D, H, W], but that of '{name}' has the shape [{string.Join(", ", shape)}].");
        }

        SpatialSize.Check(shape[2..], network.SizeMultiple, $" of '{name}'");
    }
}
