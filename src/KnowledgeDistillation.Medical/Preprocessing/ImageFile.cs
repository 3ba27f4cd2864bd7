namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Where the image of one modality lies.</summary>
/// <param name="Path">A NIfTI file.</param>
/// <param name="Frame">Which volume of a 4-D file, from 0.</param>
public sealed record ImageFile(string Path, int Frame = 0)
{
    /// <summary>
    /// How many volumes the file holds, at least 1; a file with another number is refused. Null (default): as many as the case takes from it, so that none is
    /// dropped without a word.
    /// </summary>
    public int? VolumeCount { get; init; }
}
