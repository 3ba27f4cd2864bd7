namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>A block of further information between a NIfTI header and its voxels, kept as it is.</summary>
/// <param name="Code">What the content is, by the standard's registry: 2 DICOM, 4 AFNI XML, 6 plain text, and so on.</param>
/// <param name="Content">The bytes after the block's size and code, with any padding.</param>
public sealed record NiftiExtension(int Code, ReadOnlyMemory<byte> Content);
