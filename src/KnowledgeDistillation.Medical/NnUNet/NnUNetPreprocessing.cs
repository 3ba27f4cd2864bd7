using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.NnUNet;

/// <summary>How nnU-Net v2 prepared the images that one of its networks has learned from, as far as plans.json says it.</summary>
public sealed record NnUNetPreprocessing
{
    /// <summary>
    /// The size of the voxels in mm along x and y of its files and, unless the network sees slices, along z: in the order of our spacings, which is the
    /// reverse of that in plans.json.
    /// </summary>
    public required IReadOnlyList<double> VoxelSize { get; init; }

    /// <summary>
    /// How each channel is normalized, in the order of the channels. nnU-Net takes the numbers of a z-score from the box around all voxels that are
    /// not 0, and fills holes in what it takes for the body; ours have neither, which changes nothing where images have no margins or holes of zeros.
    /// </summary>
    public required IReadOnlyList<Normalization> Normalizations { get; init; }

    /// <summary>Whether the axes of the arrays are z, y, x of the files; otherwise nnU-Net turned them (<c>transpose_forward</c>).</summary>
    public required bool KeepsAxes { get; init; }

    /// <summary>Whether images were brought to the orientation RAS, as ours are; otherwise they were taken as they lie in the files.</summary>
    public required bool ReorientsToRas { get; init; }
}
