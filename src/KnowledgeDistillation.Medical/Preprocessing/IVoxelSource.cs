namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>A prepared case of which any box can be read, in memory or in a file.</summary>
internal interface IVoxelSource
{
    string Id { get; }

    PreprocessingGeometry Geometry { get; }

    LabelMap Labels { get; }

    IReadOnlyList<string> Modalities { get; }

    ForegroundSample Foreground { get; }

    /// <summary>Reads a box of an image; what lies beyond the case is 0.</summary>
    void ReadImage(string modality, VoxelBox box, Span<float> target);

    /// <summary>Reads a box of the classes; what lies beyond the case is background.</summary>
    void ReadClasses(VoxelBox box, Span<byte> target);
}
