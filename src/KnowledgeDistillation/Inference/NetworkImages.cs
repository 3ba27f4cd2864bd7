namespace KnowledgeDistillation.Inference;

/// <summary>Picks the images that a network can see.</summary>
internal static class NetworkImages
{
    /// <exception cref="ArgumentException">One that the network needs is missing.</exception>
    public static ModalityImages Of(IEncoderDecoder network, ModalityImages images)
    {
        string[] missing = [.. network.Modalities.Where(name => !images.Contains(name))];
        if (missing.Length == network.Modalities.Count)
        {
            throw new ArgumentException(
                $"The network sees {string.Join(", ", network.Modalities)}, but there are only: {string.Join(", ", images.Names)}.", nameof(images));
        }

        if (missing.Length > 0 && network.NeedsAllModalities)
        {
            throw new ArgumentException(
                $"'{string.Join("', '", missing)}' is missing: the network needs {string.Join(", ", network.Modalities)}, but there are only: "
                    + $"{string.Join(", ", images.Names)}.",
                nameof(images));
        }

        return images.Only(network.Modalities.Where(images.Contains));
    }
}
