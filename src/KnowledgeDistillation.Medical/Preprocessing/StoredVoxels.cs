using System.Runtime.InteropServices;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// The voxels of an image in the type in which they are stored, x fastest. Preprocessing converts a row when it needs it: the float copy of an image of
/// BraTS's size, and a second one in another orientation, would take longer than all the arithmetic.
/// </summary>
internal sealed class StoredVoxels
{
    // Numbers that people type and numbers in files differ by the rounding of single precision.
    private const float BackgroundTolerance = 1e-6f;

    private readonly ByteAccess _bytes;
    private readonly NiftiDataType _type;
    private readonly double _slope;
    private readonly double _intercept;
    private readonly bool _nanIsZero;
    private readonly float _background;

    private StoredVoxels(ByteAccess bytes, NiftiDataType type, double slope = 1, double intercept = 0, bool nanIsZero = false, float background = 0) =>
        (_bytes, _type, _slope, _intercept, _nanIsZero, _background) = (bytes, type, slope, intercept, nanIsZero, background);

    private delegate ReadOnlySpan<byte> ByteAccess();

    /// <summary>The voxels if they are 16-bit integers without scaling, as BraTS stores images; else none.</summary>
    public ReadOnlySpan<short> Int16 => _type == NiftiDataType.Int16 && (_slope, _intercept, _background) is (1, 0, 0)
        ? MemoryMarshal.Cast<byte, short>(_bytes())
        : [];

    public static StoredVoxels Of(float[] voxels) => new(() => MemoryMarshal.AsBytes(voxels.AsSpan()), NiftiDataType.Float32);

    public static StoredVoxels Of(int[] voxels) => new(() => MemoryMarshal.AsBytes(voxels.AsSpan()), NiftiDataType.Int32);

    public static StoredVoxels Of(byte[] voxels) => new(() => voxels, NiftiDataType.UInt8);

    public static StoredVoxels OfImage(NiftiImage image, int frame) =>
        new(() => image.StoredFrame(frame), image.Header.DataType, image.Scaling.Slope, image.Scaling.Intercept);

    /// <exception cref="NiftiException">A voxel is no integer.</exception>
    public static StoredVoxels OfLabels(NiftiImage image) => image.Header.DataType is NiftiDataType.UInt8 or NiftiDataType.Int16 && image.Scaling is (1, 0)
        ? OfImage(image, 0)
        : Of(image.ToLabels(0).Voxels);

    /// <summary>
    /// The same voxels with a background of 0: those of the background's value become 0, and all others are moved by as much, so that a tissue whose
    /// value is 0 stays tissue. Normalization takes the move away.
    /// </summary>
    public StoredVoxels Cleaned(PreprocessingOptions options, VolumeSize size)
    {
        if (!options.NaNIsZero && options.Background is null)
            return this;
        // NaN may be all there is on the border, and is no number to subtract.
        float background = options.Background is null ? 0 : (float)(options.Background.Value ?? BorderValue.Of(this, size));
        return new(_bytes, _type, _slope, _intercept, options.NaNIsZero, float.IsFinite(background) ? background : 0);
    }

    /// <summary>Whether a run of voxels is seen to be 0 throughout without looking at their values.</summary>
    public bool IsZero(int start, int count) => _intercept == 0 && _background == 0 && Slice(start, count).IndexOfAnyExcept((byte)0) < 0;

    public void ReadFloats(int start, Span<float> values)
    {
        Voxels.ToFloats(Slice(start, values.Length), _type, _slope, _intercept, values);
        if (_nanIsZero || _background != 0)
            Clean(values);
    }

    public void ReadLabels(int start, Span<int> values) => Voxels.ToLabels(Slice(start, values.Length), _type, _slope, _intercept, values);

    private void Clean(Span<float> values)
    {
        float tolerance = BackgroundTolerance * Math.Max(1, Math.Abs(_background));
        for (int i = 0; i < values.Length; i++)
        {
            float value = values[i];
            if (float.IsNaN(value))
                values[i] = _nanIsZero ? 0 : value;
            else
                values[i] = Math.Abs(value - _background) <= (_background == 0 ? 0 : tolerance) ? 0 : value - _background;
        }
    }

    private ReadOnlySpan<byte> Slice(int start, int count)
    {
        int size = Voxels.BytesPer(_type);
        return _bytes().Slice(start * size, count * size);
    }
}
