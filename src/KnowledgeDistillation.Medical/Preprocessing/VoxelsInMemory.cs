namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Boxes of a case that is in memory.</summary>
internal sealed class VoxelsInMemory(PreprocessedCase source) : IVoxelSource
{
    private readonly Lazy<ForegroundSample> _foreground = new(() => ForegroundSample.Of(source.Classes));

    public string Id => source.Id;

    public PreprocessingGeometry Geometry => source.Geometry;

    public LabelMap Labels => source.Labels;

    public IReadOnlyList<string> Modalities { get; } = [.. source.Images.Keys];

    public ForegroundSample Foreground => _foreground.Value;

    public void ReadImage(string modality, VoxelBox box, Span<float> target) => Copy<float>(source.Images[modality], box, target);

    public void ReadClasses(VoxelBox box, Span<byte> target) => Copy<byte>(source.Classes, box, target);

    private void Copy<T>(ReadOnlySpan<T> voxels, VoxelBox box, Span<T> target)
    {
        VoxelBox inside = box.Within(source.Size);
        if (inside.Size != box.Size)
            target.Clear();
        if (inside.Size is { X: 0 } or { Y: 0 })
            return;
        for (int z = inside.Z; z < inside.Z + inside.Size.Z; z++)
            box.CopySlice(voxels.Slice(source.Size.IndexOf(0, inside.Y, z), inside.Size.Y * source.Size.X), source.Size, inside, z, target);
    }
}
