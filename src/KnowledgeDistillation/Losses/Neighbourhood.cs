namespace KnowledgeDistillation.Losses;

/// <summary>Which voxels are neighbours of one another.</summary>
public enum Neighbourhood
{
    /// <summary>Those that share a face: 6 in volumes, 4 in slices.</summary>
    Faces,

    /// <summary>Those that share a face, an edge or a corner: 26 in volumes, 8 in slices.</summary>
    Corners,
}
