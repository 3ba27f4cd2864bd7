using System.IO.Compression;
using KnowledgeDistillation.Medical.Nifti;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>Bytes of NIfTI files with any content, sound or not.</summary>
internal static class NiftiFile
{
    /// <summary>Fields of a sound header of 1 mm voxels in RAS orientation, sform only, to be changed by a test.</summary>
    public static NiftiFields Fields(int[] sizes, NiftiDataType type, int version = 1, bool bigEndian = false)
    {
        NiftiFields fields = new(new byte[NiftiFields.LengthOf(version)], version, bigEndian);
        fields.Set(NiftiField.SizeOfHeader, (long)NiftiFields.LengthOf(version));
        fields.SetMagic(pair: false);
        fields.Set(NiftiField.Dim, (long)sizes.Length);
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            fields.Set(NiftiField.Dim, (long)sizes[axis], axis + 1);
            fields.Set(NiftiField.PixDim, 1.0, axis + 1);
        }
        fields.Set(NiftiField.PixDim, 1.0);
        fields.Set(NiftiField.DataType, (long)type);
        fields.Set(NiftiField.BitPix, Voxels.IsSupported(type) ? 8L * Voxels.BytesPer(type) : 8);
        fields.Set(NiftiField.VoxOffset, (long)NiftiFields.LengthOf(version) + 4);
        fields.Set(NiftiField.SformCode, 1L);
        fields.Set(NiftiField.SRow, 1.0, 0);
        fields.Set(NiftiField.SRow, 1.0, 5);
        fields.Set(NiftiField.SRow, 1.0, 10);
        return fields;
    }

    /// <summary>Header, extension flag and what follows.</summary>
    public static byte[] Join(NiftiFields fields, params byte[] rest) => [.. fields.Bytes, 0, 0, 0, 0, .. rest];

    public static byte[] Compress(byte[] bytes, CompressionLevel level = CompressionLevel.Optimal)
    {
        using MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, level))
            gzip.Write(bytes);
        return compressed.ToArray();
    }
}
