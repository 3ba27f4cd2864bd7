using System.Text;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Export;

/// <summary>Reads a message in the wire format of Protocol Buffers, apart from the code that writes it.</summary>
internal sealed class WireMessage
{
    private readonly List<(int Field, long Number, byte[] Bytes)> _fields = [];

    public WireMessage(byte[] bytes)
    {
        for (int position = 0; position < bytes.Length;)
        {
            long tag = Varint(bytes, ref position);
            int field = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    _fields.Add((field, Varint(bytes, ref position), []));
                    break;
                case 2:
                    int length = (int)Varint(bytes, ref position);
                    _fields.Add((field, 0, bytes[position..(position + length)]));
                    position += length;
                    break;
                case 5:
                    _fields.Add((field, 0, bytes[position..(position + 4)]));
                    position += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {tag & 7} at byte {position}.");
            }
        }
    }

    public IEnumerable<WireMessage> Messages(int field) => _fields.Where(item => item.Field == field).Select(item => new WireMessage(item.Bytes));

    public IEnumerable<string> Texts(int field) => _fields.Where(item => item.Field == field).Select(item => Encoding.UTF8.GetString(item.Bytes));

    public string Text(int field) => Texts(field).Single();

    public long Number(int field) => _fields.Single(item => item.Field == field).Number;

    private static long Varint(byte[] bytes, ref int position)
    {
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[position++];
            value |= (long)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
