using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Teachers;

/// <summary>How the outputs of a <see cref="FrozenTeacher"/> are kept. Immutable.</summary>
/// <remarks>
/// Of every image that the teacher saw, its logits (float16) and its bottleneck (float32) are kept; about 1.6 MB for four channels of 64³ voxels
/// and a bottleneck of 480 × 4³. An image is known by its <see cref="Batch.ContentIds"/> where its source gives them, and
/// otherwise by its voxels, which means reading all of them. Either way each of the eight orientations of a flipped case is an image of its own.
/// Features of the decoder are kept (float16) where a loss of the fit reads them, and only those; 8.4 MB for 16 channels of 64³ voxels.
/// A loss that looks at other levels of the teacher's encoder makes the encoder run.
/// Of no use with augmentations that never give the same image twice, which fill the memory with outputs that are never used again.
/// The teacher's weights must not change after its first output.
/// </remarks>
public sealed record TeacherCacheOptions
{
    /// <summary>
    /// How many bytes of memory may be used, at least 0. Default 4 GiB. What does not fit is on disk only,
    /// if there is a <see cref="Folder"/>, and otherwise computed again.
    /// </summary>
    public long MemoryBytes { get; init; } = 4L << 30;

    /// <summary>
    /// A folder in which outputs are kept too, one file each, for later fits with the same teacher; null (the default) for memory only.
    /// Teachers are told apart by their weights, so that any number, also in several processes at once, may share a folder. It grows until you delete it.
    /// </summary>
    public string? Folder { get; init; }

    internal void Validate() => new OptionFaults(nameof(TeacherCacheOptions))
        .Require(MemoryBytes >= 0, $"MemoryBytes must be at least 0, but is {MemoryBytes}.")
        .Require(Folder is null || !string.IsNullOrWhiteSpace(Folder), "Folder must name a folder, or be null for none.")
        .ThrowIfAny();
}
