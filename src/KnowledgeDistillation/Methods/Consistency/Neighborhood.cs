namespace KnowledgeDistillation.Methods.Consistency;

/// <summary>Which voxels are neighbors of one another.</summary>
public enum Neighborhood
{
    /// <summary>Those that share a face: 6 in volumes, 4 in slices.</summary>
    Faces,

    /// <summary>Those that share a face, an edge or a corner: 26 in volumes, 8 in slices.</summary>
    Corners,
}
