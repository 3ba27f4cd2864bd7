namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>How a NIfTI file stores a voxel; the values are the standard's datatype codes.</summary>
public enum NiftiDataType
{
    /// <summary>The header names no type; such a file cannot be read.</summary>
    Unknown = 0,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8 = 2,

    /// <summary>Signed 16-bit integer.</summary>
    Int16 = 4,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = 8,

    /// <summary>32-bit floating point.</summary>
    Float32 = 16,

    /// <summary>Complex number of two 32-bit floats; its voxels are not read.</summary>
    Complex64 = 32,

    /// <summary>64-bit floating point.</summary>
    Float64 = 64,

    /// <summary>Red, green and blue of 8 bits each; its voxels are not read.</summary>
    Rgb24 = 128,

    /// <summary>Signed 8-bit integer.</summary>
    Int8 = 256,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16 = 512,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32 = 768,

    /// <summary>Signed 64-bit integer.</summary>
    Int64 = 1024,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64 = 1280,

    /// <summary>128-bit floating point; its voxels are not read.</summary>
    Float128 = 1536,

    /// <summary>Complex number of two 64-bit floats; its voxels are not read.</summary>
    Complex128 = 1792,

    /// <summary>Complex number of two 128-bit floats; its voxels are not read.</summary>
    Complex256 = 2048,

    /// <summary>Red, green, blue and opacity of 8 bits each; its voxels are not read.</summary>
    Rgba32 = 2304,
}
