namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Where the image of one modality lies.</summary>
/// <param name="Path">A NIfTI file.</param>
/// <param name="Frame">Which volume of a 4-D file, from 0.</param>
public sealed record ImageFile(string Path, int Frame = 0);
