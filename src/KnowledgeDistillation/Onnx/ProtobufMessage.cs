using System.Buffers.Binary;
using System.Text;

namespace KnowledgeDistillation.Onnx;

/// <summary>
/// A message in the wire format of Protocol Buffers, field by field. Large values are not held but written when their turn comes: their lengths are known.
/// </summary>
internal sealed class ProtobufMessage
{
    private const int VariableLength = 0, LengthDelimited = 2, FourBytes = 5;

    private readonly List<Action<Stream>> _parts = [];

    /// <summary>The number of bytes of the message.</summary>
    public long Length { get; private set; }

    public ProtobufMessage Number(int field, long value)
    {
        Bytes([.. Varint(Tag(field, VariableLength)), .. Varint((ulong)value)]);
        return this;
    }

    public ProtobufMessage Single(int field, float value)
    {
        byte[] bytes = new byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        Bytes([.. Varint(Tag(field, FourBytes)), .. bytes]);
        return this;
    }

    public ProtobufMessage Text(int field, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        return Large(field, bytes.Length, stream => stream.Write(bytes));
    }

    public ProtobufMessage Message(int field, ProtobufMessage message)
    {
        Bytes([.. Varint(Tag(field, LengthDelimited)), .. Varint((ulong)message.Length)]);
        _parts.AddRange(message._parts);
        Length += message.Length;
        return this;
    }

    /// <param name="field">The number of the field.</param>
    /// <param name="length">How many bytes will be written.</param>
    /// <param name="write">Writes them.</param>
    public ProtobufMessage Large(int field, long length, Action<Stream> write)
    {
        Bytes([.. Varint(Tag(field, LengthDelimited)), .. Varint((ulong)length)]);
        _parts.Add(write);
        Length += length;
        return this;
    }

    public void WriteTo(Stream stream)
    {
        foreach (Action<Stream> write in _parts)
            write(stream);
    }

    private void Bytes(byte[] bytes)
    {
        _parts.Add(stream => stream.Write(bytes));
        Length += bytes.Length;
    }

    private static ulong Tag(int field, int wireType) => ((ulong)field << 3) | (uint)wireType;

    // Seven bits a byte, the lowest first; the highest bit of a byte says that another follows.
    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value > 0x7f; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
