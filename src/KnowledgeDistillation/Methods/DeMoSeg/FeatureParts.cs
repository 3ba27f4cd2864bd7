namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>
/// The parts of the features of a modality, one for each modality for which it can stand: the part with its own number expresses itself,
/// the others substitute for other modalities. All modalities have parts of the same widths.
/// </summary>
/// <param name="Width">Number of channels of all parts.</param>
/// <param name="Count">Number of parts, at most as many.</param>
internal readonly record struct FeatureParts(int Width, int Count)
{
    /// <summary>The first channel of a part; that of the part after the last is the number of channels.</summary>
    public int Start(int part) => Width * part / Count;

    /// <summary>The number of channels of a part, at least 1.</summary>
    public int Length(int part) => Start(part + 1) - Start(part);
}
