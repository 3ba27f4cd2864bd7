using System.Buffers.Binary;

namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>The bytes of a header, read and written field by field in their own version and byte order.</summary>
internal sealed class NiftiFields(byte[] bytes, int version, bool bigEndian)
{
    public const int Length1 = 348;
    public const int Length2 = 540;

    public byte[] Bytes => bytes;

    public int Version => version;

    public bool IsBigEndian => bigEndian;

    public static int LengthOf(int version) => version == 1 ? Length1 : Length2;

    public NiftiFields Copy() => new([.. bytes], version, bigEndian);

    public long GetInteger(NiftiField field, int index = 0)
    {
        ReadOnlySpan<byte> at = At(field, index);
        return KindOf(field) switch
        {
            NiftiField.Kind.Byte => at[0],
            NiftiField.Kind.Int16 => bigEndian ? BinaryPrimitives.ReadInt16BigEndian(at) : BinaryPrimitives.ReadInt16LittleEndian(at),
            NiftiField.Kind.Int32 => bigEndian ? BinaryPrimitives.ReadInt32BigEndian(at) : BinaryPrimitives.ReadInt32LittleEndian(at),
            NiftiField.Kind.Int64 => bigEndian ? BinaryPrimitives.ReadInt64BigEndian(at) : BinaryPrimitives.ReadInt64LittleEndian(at),
            _ => throw new InvalidOperationException($"{field.Name} is no integer."),
        };
    }

    public double GetNumber(NiftiField field, int index = 0)
    {
        ReadOnlySpan<byte> at = At(field, index);
        return KindOf(field) switch
        {
            NiftiField.Kind.Single => bigEndian ? BinaryPrimitives.ReadSingleBigEndian(at) : BinaryPrimitives.ReadSingleLittleEndian(at),
            NiftiField.Kind.Double => bigEndian ? BinaryPrimitives.ReadDoubleBigEndian(at) : BinaryPrimitives.ReadDoubleLittleEndian(at),
            _ => GetInteger(field, index),
        };
    }

    /// <summary>Text up to the first zero byte. Latin-1 gives every byte a character, so that nothing is lost or refused.</summary>
    public string GetText(NiftiField field, int length)
    {
        ReadOnlySpan<byte> text = At(field, 0)[..length];
        int end = text.IndexOf((byte)0);
        return System.Text.Encoding.Latin1.GetString(end < 0 ? text : text[..end]);
    }

    public void Set(NiftiField field, double value, int index = 0)
    {
        Span<byte> at = At(field, index);
        switch (KindOf(field))
        {
            case NiftiField.Kind.Single when bigEndian: BinaryPrimitives.WriteSingleBigEndian(at, (float)value); break;
            case NiftiField.Kind.Single: BinaryPrimitives.WriteSingleLittleEndian(at, (float)value); break;
            case NiftiField.Kind.Double when bigEndian: BinaryPrimitives.WriteDoubleBigEndian(at, value); break;
            case NiftiField.Kind.Double: BinaryPrimitives.WriteDoubleLittleEndian(at, value); break;
            default: Set(field, checked((long)value), index); break;
        }
    }

    public void Set(NiftiField field, long value, int index = 0)
    {
        Span<byte> at = At(field, index);
        switch (KindOf(field))
        {
            case NiftiField.Kind.Byte: at[0] = checked((byte)value); break;
            case NiftiField.Kind.Int16 when bigEndian: BinaryPrimitives.WriteInt16BigEndian(at, checked((short)value)); break;
            case NiftiField.Kind.Int16: BinaryPrimitives.WriteInt16LittleEndian(at, checked((short)value)); break;
            case NiftiField.Kind.Int32 when bigEndian: BinaryPrimitives.WriteInt32BigEndian(at, checked((int)value)); break;
            case NiftiField.Kind.Int32: BinaryPrimitives.WriteInt32LittleEndian(at, checked((int)value)); break;
            case NiftiField.Kind.Int64 when bigEndian: BinaryPrimitives.WriteInt64BigEndian(at, value); break;
            case NiftiField.Kind.Int64: BinaryPrimitives.WriteInt64LittleEndian(at, value); break;
            default: Set(field, (double)value, index); break;
        }
    }

    /// <summary>"n+1", "ni1", "n+2" or "ni2" with the padding that the version asks for.</summary>
    public void SetMagic(bool pair)
    {
        ReadOnlySpan<byte> magic = (version, pair) switch
        {
            (1, true) => "ni1\0"u8,
            (1, false) => "n+1\0"u8,
            (_, true) => "ni2\0\r\n\x1a\n"u8,
            (_, false) => "n+2\0\r\n\x1a\n"u8,
        };
        magic.CopyTo(At(NiftiField.Magic, 0));
    }

    private NiftiField.Kind KindOf(NiftiField field) => version == 1 ? field.Kind1 : field.Kind2;

    // The values of Kind are sizes in bytes, plus 100 for the floating-point kinds.
    private Span<byte> At(NiftiField field, int index) =>
        bytes.AsSpan((version == 1 ? field.Offset1 : field.Offset2) + (index * ((int)KindOf(field) % 100)));
}
