using System.Runtime.InteropServices;
using KnowledgeDistillation.Medical.Nifti;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// The voxels of an image in the type in which they are stored, x fastest. Preprocessing converts a row when it needs it: the float copy of an image of
/// BraTS's size, and a second one in another orientation, would take longer than all the arithmetic.
/// </summary>
internal sealed class StoredVoxels
{
    private readonly ByteAccess _bytes;
    private readonly NiftiDataType _type;
    private readonly double _slope;
    private readonly double _intercept;

    private StoredVoxels(ByteAccess bytes, NiftiDataType type, double slope = 1, double intercept = 0) =>
        (_bytes, _type, _slope, _intercept) = (bytes, type, slope, intercept);

    private delegate ReadOnlySpan<byte> ByteAccess();

    /// <summary>The voxels if they are 16-bit integers without scaling, as BraTS stores images; else none.</summary>
    public ReadOnlySpan<short> Int16 => _type == NiftiDataType.Int16 && (_slope, _intercept) is (1, 0) ? MemoryMarshal.Cast<byte, short>(_bytes()) : [];

    public static StoredVoxels Of(float[] voxels) => new(() => MemoryMarshal.AsBytes(voxels.AsSpan()), NiftiDataType.Float32);

    public static StoredVoxels Of(int[] voxels) => new(() => MemoryMarshal.AsBytes(voxels.AsSpan()), NiftiDataType.Int32);

    public static StoredVoxels OfImage(NiftiImage image, int frame) =>
        new(() => image.StoredFrame(frame), image.Header.DataType, image.Scaling.Slope, image.Scaling.Intercept);

    /// <exception cref="NiftiException">A voxel is no integer.</exception>
    public static StoredVoxels OfLabels(NiftiImage image) => image.Header.DataType is NiftiDataType.UInt8 or NiftiDataType.Int16 && image.Scaling is (1, 0)
        ? OfImage(image, 0)
        : Of(image.ToLabels(0).Voxels);

    /// <summary>Whether a run of voxels is seen to be 0 throughout without looking at their values.</summary>
    public bool IsZero(int start, int count) => _intercept == 0 && Slice(start, count).IndexOfAnyExcept((byte)0) < 0;

    public void ReadFloats(int start, Span<float> values) => Voxels.ToFloats(Slice(start, values.Length), _type, _slope, _intercept, values);

    public void ReadLabels(int start, Span<int> values) => Voxels.ToLabels(Slice(start, values.Length), _type, _slope, _intercept, values);

    private ReadOnlySpan<byte> Slice(int start, int count)
    {
        int size = Voxels.BytesPer(_type);
        return _bytes().Slice(start * size, count * size);
    }
}
