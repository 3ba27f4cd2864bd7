namespace KnowledgeDistillation.Inference;

/// <summary>Picks the images that a network can see.</summary>
internal static class NetworkImages
{
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ModalityImages Of(IEncoderDecoder network, ModalityImages images)
    {
        string[] seen = [.. network.Modalities.Where(images.Contains)];
        return seen.Length > 0
            ? images.Only(seen)
            : throw new ArgumentException($"The network sees {string.Join(", ", network.Modalities)}, but there are only: {string.Join(", ", images.Names)}.", nameof(images));
    }
}
