namespace KnowledgeDistillation.Inference;

/// <summary>Picks the images that a network can see.</summary>
internal static class NetworkImages
{
    /// <exception cref="ArgumentException">One that the network needs is missing.</exception>
    public static ModalityImages Of(IEncoderDecoder network, ModalityImages images)
    {
        string[] seen = [.. network.Modalities.Where(images.Contains)];
        if (seen.Length == 0 || (network.NeedsAllModalities && seen.Length < network.Modalities.Count))
            throw new ArgumentException($"The network needs {(network.NeedsAllModalities ? "" : "at least one of ")}{string.Join(", ", network.Modalities)}, but there are only: {string.Join(", ", images.Names)}.", nameof(images));
        return images.Only(seen);
    }
}
