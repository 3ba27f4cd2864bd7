using System.Buffers.Binary;
using System.Text;

namespace KnowledgeDistillation.Fuzz;

/// <summary>Damages inputs, by chance and as files are damaged: flipped bits, cut ends, lost and repeated parts, numbers at the edge of their range.</summary>
internal sealed class Mutator(Random random)
{
    private static readonly long[] EdgeNumbers =
    [
        0, 1, -1, 127, 128, 255, 256, short.MaxValue, short.MinValue, ushort.MaxValue, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue,
        BitConverter.SingleToInt32Bits(float.NaN), BitConverter.SingleToInt32Bits(float.PositiveInfinity), BitConverter.SingleToInt32Bits(1e30f),
        BitConverter.DoubleToInt64Bits(double.NaN), BitConverter.DoubleToInt64Bits(double.NegativeInfinity), BitConverter.DoubleToInt64Bits(1e300),
    ];

    private static readonly string[] CommonWords =
    [
        "null", "true", "[]", "{}", "\"\"", "-1", "0", "1e999", "9999999999999999999", "0.5", "\"\\ud800\"", "\\u0000", "\"NaN\"", ",", ":", "{", "}", "[", "]",
        "\n", "\"", "=1+1", "'", ";", "\t", "\ufeff", "../", "/", "%00", "🧠",
    ];

    /// <summary>A damaged copy.</summary>
    /// <param name="sound">What to begin with.</param>
    /// <param name="words">Words that mean something in this kind of input.</param>
    public byte[] Damage(byte[] sound, IReadOnlyList<string> words)
    {
        byte[] input = [.. sound];
        for (int times = 1 + random.Next(random.Next(1, 6)); times > 0; times--)
            input = DamageOnce(input, words);
        return input;
    }

    private byte[] DamageOnce(byte[] input, IReadOnlyList<string> words)
    {
        if (input.Length == 0)
            return [(byte)random.Next(256)];
        int at = random.Next(input.Length), length = random.Next(1, Math.Min(64, input.Length - at) + 1);
        switch (random.Next(10))
        {
            case 0 or 1:
                input[at] ^= (byte)(1 << random.Next(8));
                return input;
            case 2:
                input[at] = (byte)random.Next(256);
                return input;
            case 3:
                return input[..at];
            case 4:
                return [.. input[..at], .. input[(at + length)..]];
            case 5:
                return [.. input[..(at + length)], .. input[at..]];
            case 6 or 7:
                WriteNumber(input, at);
                return input;
            case 8:
                string word = words.Count > 0 && random.Next(2) == 0 ? words[random.Next(words.Count)] : CommonWords[random.Next(CommonWords.Length)];
                return [.. input[..at], .. Encoding.UTF8.GetBytes(word), .. input[(at + random.Next(length))..]];
            default:
                int other = random.Next(input.Length);
                return [.. input[..at], .. input[other..Math.Min(input.Length, other + length)], .. input[at..]];
        }
    }

    private void WriteNumber(byte[] input, int at)
    {
        // Fields of headers lie at even places.
        at &= ~(random.Next(2) == 0 ? 1 : 3);
        Span<byte> number = stackalloc byte[sizeof(long)];
        long value = EdgeNumbers[random.Next(EdgeNumbers.Length)];
        int width = 1 << random.Next(1, 4);
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
        }
        else
        {
            BinaryPrimitives.WriteInt64BigEndian(number, value);
            number[^width..].CopyTo(number);
        }

        number[..Math.Min(width, input.Length - at)].CopyTo(input.AsSpan(at));
    }
}
