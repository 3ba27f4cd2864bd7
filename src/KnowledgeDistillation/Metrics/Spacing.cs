namespace KnowledgeDistillation.Metrics;

/// <summary>The size of a voxel in mm along x, y, z.</summary>
public readonly record struct Spacing(double X, double Y, double Z)
{
    /// <summary>1 mm in each direction.</summary>
    public static Spacing OneMillimeter { get; } = new(1, 1, 1);
}
