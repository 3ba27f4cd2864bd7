namespace KnowledgeDistillation.Onnx;

/// <summary>The value of an attribute of an ONNX operation, for example the strides of a convolution. Numbers and texts convert by themselves.</summary>
public sealed class OnnxAttributeValue
{
    // AttributeProto and AttributeProto.AttributeType of onnx.proto.
    private const int NameField = 1, FloatField = 2, IntegerField = 3, TextField = 4, IntegersField = 8, TypeField = 20;
    private const int FloatType = 1, IntegerType = 2, TextType = 3, IntegersType = 7;

    private readonly Action<ProtobufMessage> _write;

    private OnnxAttributeValue(Action<ProtobufMessage> write) => _write = write;

    /// <summary>An integer.</summary>
    public static implicit operator OnnxAttributeValue(long value) => FromInt64(value);

    /// <summary>Integers.</summary>
    public static implicit operator OnnxAttributeValue(long[] values) => FromIntegers(values);

    /// <summary>A number, which ONNX keeps in single precision.</summary>
    public static implicit operator OnnxAttributeValue(double value) => FromDouble(value);

    /// <summary>A text.</summary>
    public static implicit operator OnnxAttributeValue(string text) => FromString(text);

    /// <summary>An integer.</summary>
    public static OnnxAttributeValue FromInt64(long value) => new(message => message.Number(IntegerField, value).Number(TypeField, IntegerType));

    /// <summary>Integers.</summary>
    public static OnnxAttributeValue FromIntegers(IReadOnlyList<long> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new(message =>
        {
            foreach (long value in values)
                message.Number(IntegersField, value);
            message.Number(TypeField, IntegersType);
        });
    }

    /// <summary>A number, which ONNX keeps in single precision.</summary>
    public static OnnxAttributeValue FromDouble(double value) => new(message => message.Single(FloatField, (float)value).Number(TypeField, FloatType));

    /// <summary>A text.</summary>
    public static OnnxAttributeValue FromString(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(message => message.Text(TextField, text).Number(TypeField, TextType));
    }

    internal ProtobufMessage Write(string name)
    {
        ProtobufMessage message = new ProtobufMessage().Text(NameField, name);
        _write(message);
        return message;
    }
}
