using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>Conversions of stored voxels, in the machine's byte order, to floats and labels.</summary>
internal static class Voxels
{
    public static bool IsSupported(NiftiDataType type) => type is NiftiDataType.UInt8 or NiftiDataType.Int8 or NiftiDataType.UInt16 or NiftiDataType.Int16
        or NiftiDataType.UInt32 or NiftiDataType.Int32 or NiftiDataType.UInt64 or NiftiDataType.Int64 or NiftiDataType.Float32 or NiftiDataType.Float64;

    public static int BytesPer(NiftiDataType type) => type switch
    {
        NiftiDataType.UInt8 or NiftiDataType.Int8 => 1,
        NiftiDataType.UInt16 or NiftiDataType.Int16 => 2,
        NiftiDataType.UInt32 or NiftiDataType.Int32 or NiftiDataType.Float32 => 4,
        NiftiDataType.UInt64 or NiftiDataType.Int64 or NiftiDataType.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Voxels of this type are not read."),
    };

    /// <summary>Reverses the bytes of each voxel; source and destination may be the same.</summary>
    public static void ReverseBytes(ReadOnlySpan<byte> source, Span<byte> destination, NiftiDataType type)
    {
        switch (BytesPer(type))
        {
            case 2: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, short>(source), MemoryMarshal.Cast<byte, short>(destination)); break;
            case 4: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, int>(source), MemoryMarshal.Cast<byte, int>(destination)); break;
            case 8: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, long>(source), MemoryMarshal.Cast<byte, long>(destination)); break;
            default: source.CopyTo(destination); break;
        }
    }

    /// <summary>The real values: stored value × slope + intercept, computed in double precision and rounded once.</summary>
    public static void ToFloats(ReadOnlySpan<byte> source, NiftiDataType type, double slope, double intercept, Span<float> destination)
    {
        bool scaled = (slope, intercept) is not (1, 0);
        switch (type)
        {
            case NiftiDataType.Float32 when !scaled: MemoryMarshal.Cast<byte, float>(source).CopyTo(destination); break;
            case NiftiDataType.UInt8 when !scaled: Widen(source, destination); break;
            case NiftiDataType.Int16 when !scaled: Widen(MemoryMarshal.Cast<byte, short>(source), destination); break;
            case NiftiDataType.UInt8: Scale<byte>(source, slope, intercept, destination); break;
            case NiftiDataType.Int8: Scale<sbyte>(source, slope, intercept, destination); break;
            case NiftiDataType.UInt16: Scale<ushort>(source, slope, intercept, destination); break;
            case NiftiDataType.Int16: Scale<short>(source, slope, intercept, destination); break;
            case NiftiDataType.UInt32: Scale<uint>(source, slope, intercept, destination); break;
            case NiftiDataType.Int32: Scale<int>(source, slope, intercept, destination); break;
            case NiftiDataType.UInt64: Scale<ulong>(source, slope, intercept, destination); break;
            case NiftiDataType.Int64: Scale<long>(source, slope, intercept, destination); break;
            case NiftiDataType.Float32: Scale<float>(source, slope, intercept, destination); break;
            default: Scale<double>(source, slope, intercept, destination); break;
        }
    }

    /// <summary>The integers that the real values are.</summary>
    /// <returns>The position of the first voxel that is no integer of 32 bits, or -1.</returns>
    public static int ToLabels(ReadOnlySpan<byte> source, NiftiDataType type, double slope, double intercept, Span<int> destination)
    {
        bool scaled = (slope, intercept) is not (1, 0);
        return type switch
        {
            NiftiDataType.Int32 when !scaled => CopyLabels(MemoryMarshal.Cast<byte, int>(source), destination),
            NiftiDataType.UInt8 when !scaled => WidenLabels(source, destination),
            NiftiDataType.Int16 when !scaled => WidenLabels(MemoryMarshal.Cast<byte, short>(source), destination),
            NiftiDataType.UInt8 => Round<byte>(source, slope, intercept, destination),
            NiftiDataType.Int8 => Round<sbyte>(source, slope, intercept, destination),
            NiftiDataType.UInt16 => Round<ushort>(source, slope, intercept, destination),
            NiftiDataType.Int16 => Round<short>(source, slope, intercept, destination),
            NiftiDataType.UInt32 => Round<uint>(source, slope, intercept, destination),
            NiftiDataType.Int32 => Round<int>(source, slope, intercept, destination),
            NiftiDataType.UInt64 => Round<ulong>(source, slope, intercept, destination),
            NiftiDataType.Int64 => Round<long>(source, slope, intercept, destination),
            NiftiDataType.Float32 => Round<float>(source, slope, intercept, destination),
            _ => Round<double>(source, slope, intercept, destination),
        };
    }

    /// <summary>A stored voxel, for messages.</summary>
    public static string Format(ReadOnlySpan<byte> source, NiftiDataType type, int index) => type switch
    {
        NiftiDataType.UInt32 => Format(MemoryMarshal.Cast<byte, uint>(source)[index]),
        NiftiDataType.UInt64 => Format(MemoryMarshal.Cast<byte, ulong>(source)[index]),
        NiftiDataType.Int64 => Format(MemoryMarshal.Cast<byte, long>(source)[index]),
        NiftiDataType.Int32 => Format(MemoryMarshal.Cast<byte, int>(source)[index]),
        NiftiDataType.UInt16 => Format(MemoryMarshal.Cast<byte, ushort>(source)[index]),
        NiftiDataType.Int16 => Format(MemoryMarshal.Cast<byte, short>(source)[index]),
        NiftiDataType.Int8 => Format((sbyte)source[index]),
        NiftiDataType.UInt8 => Format(source[index]),
        NiftiDataType.Float32 => Format(MemoryMarshal.Cast<byte, float>(source)[index]),
        _ => Format(MemoryMarshal.Cast<byte, double>(source)[index]),
    };

    private static string Format<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private static void Scale<T>(ReadOnlySpan<byte> source, double slope, double intercept, Span<float> destination) where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(source);
        destination = destination[..values.Length];
        for (int index = 0; index < values.Length; index++)
            destination[index] = (float)((double.CreateTruncating(values[index]) * slope) + intercept);
    }

    private static int Round<T>(ReadOnlySpan<byte> source, double slope, double intercept, Span<int> destination) where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(source);
        destination = destination[..values.Length];
        // Slope, intercept and many voxels are stored in single precision, so that an integer that was computed is one only up to a few roundings.
        double tolerance = (slope, intercept) is (1, 0) && typeof(T) != typeof(float) && typeof(T) != typeof(double) ? 0 : 1e-6;
        for (int index = 0; index < values.Length; index++)
        {
            double value = (double.CreateTruncating(values[index]) * slope) + intercept;
            double nearest = Math.Round(value);
            if (!(Math.Abs(value - nearest) <= tolerance * Math.Max(1, Math.Abs(value))) || nearest is < int.MinValue or > int.MaxValue)
                return index;
            destination[index] = (int)nearest;
        }
        return -1;
    }

    // Bytes and shorts, unscaled, are what BraTS files hold; the loops below convert a vector at a time.
    private static void Widen(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int index = 0;
        for (; index <= source.Length - Vector<byte>.Count; index += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(source[index..]), out Vector<ushort> low, out Vector<ushort> high);
            Widen(Vector.AsVectorInt16(low), destination[index..]);
            Widen(Vector.AsVectorInt16(high), destination[(index + Vector<short>.Count)..]);
        }
        for (; index < source.Length; index++)
            destination[index] = source[index];
    }

    private static void Widen(ReadOnlySpan<short> source, Span<float> destination)
    {
        int index = 0;
        for (; index <= source.Length - Vector<short>.Count; index += Vector<short>.Count)
            Widen(new Vector<short>(source[index..]), destination[index..]);
        for (; index < source.Length; index++)
            destination[index] = source[index];
    }

    private static void Widen(Vector<short> values, Span<float> destination)
    {
        Vector.Widen(values, out Vector<int> low, out Vector<int> high);
        Vector.ConvertToSingle(low).CopyTo(destination);
        Vector.ConvertToSingle(high).CopyTo(destination[Vector<int>.Count..]);
    }

    private static int CopyLabels(ReadOnlySpan<int> source, Span<int> destination)
    {
        source.CopyTo(destination);
        return -1;
    }

    private static int WidenLabels(ReadOnlySpan<byte> source, Span<int> destination)
    {
        int index = 0;
        for (; index <= source.Length - Vector<byte>.Count; index += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(source[index..]), out Vector<ushort> low, out Vector<ushort> high);
            WidenLabels(Vector.AsVectorInt16(low), destination[index..]);
            WidenLabels(Vector.AsVectorInt16(high), destination[(index + Vector<short>.Count)..]);
        }
        for (; index < source.Length; index++)
            destination[index] = source[index];
        return -1;
    }

    private static int WidenLabels(ReadOnlySpan<short> source, Span<int> destination)
    {
        int index = 0;
        for (; index <= source.Length - Vector<short>.Count; index += Vector<short>.Count)
            WidenLabels(new Vector<short>(source[index..]), destination[index..]);
        for (; index < source.Length; index++)
            destination[index] = source[index];
        return -1;
    }

    private static void WidenLabels(Vector<short> values, Span<int> destination)
    {
        Vector.Widen(values, out Vector<int> low, out Vector<int> high);
        low.CopyTo(destination);
        high.CopyTo(destination[Vector<int>.Count..]);
    }
}
