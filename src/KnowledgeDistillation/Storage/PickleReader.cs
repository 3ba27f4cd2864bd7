using System.Buffers.Binary;
using System.Text;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// Reads a pickle of the kind that PyTorch writes. Instructions and names are a closed set; nothing is ever called.
/// Names of numpy, which checkpoints keep beside the weights, give a value of which nothing is known.
/// </summary>
internal sealed class PickleReader(byte[] pickle)
{
    private const string RebuildTensor = "torch._utils _rebuild_tensor_v2", RebuildParameter = "torch._utils _rebuild_parameter";
    private const string OrderedDictionary = "collections OrderedDict";

    // By PyTorch's name, the name of safetensors.
    private static readonly Dictionary<string, string> Storages = new(StringComparer.Ordinal)
    {
        ["torch DoubleStorage"] = "F64",
        ["torch FloatStorage"] = "F32",
        ["torch HalfStorage"] = "F16",
        ["torch BFloat16Storage"] = "BF16",
        ["torch LongStorage"] = "I64",
        ["torch IntStorage"] = "I32",
        ["torch ShortStorage"] = "I16",
        ["torch CharStorage"] = "I8",
        ["torch ByteStorage"] = "U8",
        ["torch BoolStorage"] = "BOOL",
    };

    // Plain data beside the weights, such as the history of losses: of no interest.
    private static readonly HashSet<string> Data = new(StringComparer.Ordinal)
    {
        "numpy dtype", "numpy ndarray", "numpy.core.multiarray scalar", "numpy.core.multiarray _reconstruct", "numpy._core.multiarray scalar",
        "numpy._core.multiarray _reconstruct", "_codecs encode", "torch Size", "torch device", "collections defaultdict", "builtins set", "__builtin__ set",
    };

    private static readonly object Mark = new();
    private static readonly object Unknown = new();

    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _position;
    private long _copied;

    /// <summary>
    /// What the pickle holds: null, bool, long, double, string, byte[], lists, <see cref="PickledDictionary"/> and <see cref="PickledTensor"/>.
    /// </summary>
    /// <exception cref="InvalidDataException">It is damaged, or asks for what no checkpoint needs.</exception>
    public object? Read()
    {
        while (true)
        {
            byte instruction = Next();
            switch ((char)instruction)
            {
                case '.':
                    return Pop();
                case '\x80':
                    if (Next() > 5)
                        throw new InvalidDataException("its pickle has a newer protocol");
                    break;
                case '\x95':
                    Take(8);
                    break;
                case '(':
                    Push(Mark);
                    break;
                case 'N':
                    Push(null);
                    break;
                case '\x88' or '\x89':
                    Push(instruction == 0x88);
                    break;
                case 'J':
                    Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case 'K':
                    Push((long)Next());
                    break;
                case 'M':
                    Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                    break;
                case '\x8a':
                    Push(Integer(Take(Next())));
                    break;
                case 'G':
                    Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                    break;
                case 'X':
                    Push(Text(Take(Length())));
                    break;
                case '\x8c':
                    Push(Text(Take(Next())));
                    break;
                case 'U' or 'C':
                    Push(Take(Next()).ToArray());
                    break;
                case 'T' or 'B':
                    Push(Take(Length()).ToArray());
                    break;
                case '}':
                    Push(new PickledDictionary());
                    break;
                case ']' or '\x8f':
                    Push(new List<object?>());
                    break;
                case ')':
                    Push(Array.Empty<object?>());
                    break;
                case 't':
                    Push(PopToMark());
                    break;
                case '\x85' or '\x86' or '\x87':
                    Push(PopMany(instruction - 0x84));
                    break;
                case 'q':
                    _memo[Next()] = Peek();
                    break;
                case 'r':
                    _memo[Length()] = Peek();
                    break;
                case '\x94':
                    _memo[_memo.Count] = Peek();
                    break;
                case 'h':
                    Push(Remembered(Next()));
                    break;
                case 'j':
                    Push(Remembered(Length()));
                    break;
                case 'a':
                    Append([Pop()]);
                    break;
                case 'e' or '\x90':
                    Append(PopToMark());
                    break;
                case 's':
                    SetItems(PopMany(2));
                    break;
                case 'u':
                    SetItems(PopToMark());
                    break;
                case 'c':
                    Push(Named($"{Line()} {Line()}"));
                    break;
                case '\x93':
                    object?[] name = PopMany(2);
                    Push(Named($"{name[0] as string} {name[1] as string}"));
                    break;
                case 'Q':
                    Push(Persistent(Pop()));
                    break;
                case 'R' or '\x81':
                    object?[] call = PopMany(2);
                    Push(Rebuilt(call[0], call[1]));
                    break;
                case 'b':
                    // The state of an object, for example the versions of a state dictionary's modules.
                    Pop();
                    break;
                default:
                    throw new InvalidDataException($"its pickle has the instruction 0x{instruction:x2}, which no checkpoint needs");
            }
        }
    }

    private static object Named(string name) => name is OrderedDictionary or RebuildTensor or RebuildParameter || Storages.ContainsKey(name)
        ? new Name(name)
        : Data.Contains(name)
            ? Unknown
            : throw new InvalidDataException(
                $"its pickle names '{name.Replace(' ', '.')}', which no state dictionary needs and which is never run; save the model's state_dict() alone");

    private static Storage Persistent(object? id) => id is object?[] and ["storage", Name storage, string key, _, long]
        && Storages.TryGetValue(storage.Text, out string? type)
        ? new Storage(key, type)
        : throw new InvalidDataException("its pickle refers to something that is no storage of a tensor");

    private object? Rebuilt(object? callee, object? arguments) => (callee as Name)?.Text switch
    {
        _ when callee == Unknown => Unknown,
        OrderedDictionary => arguments is object?[] { Length: 0 } ? new PickledDictionary() : Filled(arguments),
        RebuildTensor when arguments is object?[] and [Storage storage, long offset, object?[] shape, object?[] strides, ..] && shape.Length == strides.Length
            => new PickledTensor(storage.Key, storage.ElementType, offset, Numbers(shape), Numbers(strides)),
        RebuildParameter when arguments is object?[] and [PickledTensor tensor, ..] => tensor,
        _ => throw new InvalidDataException("its pickle rebuilds something that is no tensor"),
    };

    // OrderedDict([[name, value], …]), as protocols below 2 write it.
    private PickledDictionary Filled(object? arguments)
    {
        if (arguments as object?[] is not [List<object?> pairs])
            throw new InvalidDataException("its pickle has a damaged dictionary");
        CountCopied(pairs.Count);
        var dictionary = new PickledDictionary();
        foreach (object? pair in pairs)
        {
            IReadOnlyList<object?> item = pair as IReadOnlyList<object?> ?? [];
            dictionary.Add(item.ElementAtOrDefault(0), item.ElementAtOrDefault(1));
        }

        return dictionary;
    }

    private long[] Numbers(object?[] values)
    {
        CountCopied(values.Length);
        return Array.ConvertAll(values, value => value is long number ? number : throw Damaged());
    }

    // What is remembered can be named again and again by two bytes; a sound pickle has a byte at least for each element that is copied.
    private void CountCopied(int count)
    {
        _copied += count;
        if (_copied > pickle.Length)
            throw new InvalidDataException("its pickle repeats itself more often than any checkpoint does");
    }

    private static long Integer(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > sizeof(long))
            throw new InvalidDataException("its pickle has an integer of more than 64 bits");
        long value = bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private void Push(object? value) => _stack.Add(value);

    private object? Peek() => _stack.Count > 0 ? _stack[^1] : throw Damaged();

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopMany(int count)
    {
        if (_stack.Count < count)
            throw Damaged();
        object?[] values = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Damaged();
        object?[] values = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private object? Remembered(long number) => _memo.TryGetValue(number, out object? value) ? value : throw Damaged();

    private void Append(object?[] values)
    {
        if (Peek() == Unknown)
            return;
        (Peek() as List<object?> ?? throw Damaged()).AddRange(values);
    }

    private void SetItems(object?[] values)
    {
        if (Peek() == Unknown)
            return;
        PickledDictionary dictionary = Peek() as PickledDictionary ?? throw Damaged();
        if (values.Length % 2 != 0)
            throw Damaged();
        for (int i = 0; i < values.Length; i += 2)
            dictionary.Add(values[i], values[i + 1]);
    }

    private byte Next() => _position < pickle.Length ? pickle[_position++] : throw Damaged();

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > pickle.Length - _position)
            throw Damaged();
        ReadOnlySpan<byte> bytes = pickle.AsSpan(_position, (int)count);
        _position += (int)count;
        return bytes;
    }

    private long Length() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private string Line()
    {
        int length = pickle.AsSpan(_position).IndexOf((byte)'\n');
        if (length < 0)
            throw Damaged();
        string line = Text(Take(length));
        _position++;
        return line;
    }

    private static InvalidDataException Damaged() => new("its pickle is damaged");

    private sealed record Name(string Text);

    private sealed record Storage(string Key, string ElementType);
}
