using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>The element types that both safetensors and TorchSharp know.</summary>
internal static class SafetensorsElementType
{
    private static readonly (string Name, ScalarType Type, int Size)[] Known =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    public static string Names => string.Join(", ", Known.Select(known => known.Name));

    /// <summary>The type with a name of the format, or null.</summary>
    public static (ScalarType Type, int Size)? Find(string name)
    {
        foreach (var known in Known)
        {
            if (known.Name == name)
                return (known.Type, known.Size);
        }
        return null;
    }

    /// <summary>The name and size in bytes of a type, or null where the format has none.</summary>
    public static (string Name, int Size)? Find(ScalarType type)
    {
        foreach (var known in Known)
        {
            if (known.Type == type)
                return (known.Name, known.Size);
        }
        return null;
    }
}
