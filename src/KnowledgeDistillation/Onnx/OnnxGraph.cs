using static TorchSharp.torch;

namespace KnowledgeDistillation.Onnx;

/// <summary>
/// The operations of an ONNX file (operator set 17) while a network writes itself: <see cref="IOnnxExportable"/> and <see cref="IOnnxLayer"/> add to it.
/// </summary>
/// <remarks>Only what an operation uses is written. Not safe for use by several threads at once.</remarks>
public sealed class OnnxGraph
{
    /// <summary>The version of ONNX's operators in which the graph is written.</summary>
    public const int OperatorSet = 17;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<nint, string> _weightNames = [];
    private readonly Dictionary<nint, OnnxValue> _weights = [];
    private readonly Dictionary<string, OnnxValue> _constants = new(StringComparer.Ordinal);

    /// <param name="module">The module whose weights keep their names.</param>
    /// <param name="spatialDimensions">The number of spatial axes of the images.</param>
    internal OnnxGraph(nn.Module module, int spatialDimensions)
    {
        SpatialDimensions = spatialDimensions;
        foreach ((string name, Tensor tensor) in module.state_dict())
            _weightNames.TryAdd(tensor.Handle, name);
    }

    /// <summary>The number of spatial axes of the images: 2 for slices, 3 for volumes.</summary>
    public int SpatialDimensions { get; }

    internal List<ProtobufMessage> Nodes { get; } = [];

    internal List<OnnxTensor> Tensors { get; } = [];

    /// <summary>Adds an operation of one result.</summary>
    /// <param name="operation">Its name in ONNX, for example "Conv".</param>
    /// <param name="inputs">What it gets, in the order of its description; null for an optional input that is left out.</param>
    /// <param name="attributes">Its attributes by name.</param>
    /// <returns>What it gives.</returns>
    public OnnxValue Add(string operation, IReadOnlyList<OnnxValue?> inputs, params IReadOnlyList<(string Name, OnnxAttributeValue Value)> attributes) =>
        AddMany(operation, 1, inputs, attributes)[0];

    /// <summary>Adds an operation of several results.</summary>
    /// <param name="operation">Its name in ONNX, for example "Split".</param>
    /// <param name="results">How many results it gives, at least 1.</param>
    /// <param name="inputs">What it gets, in the order of its description; null for an optional input that is left out.</param>
    /// <param name="attributes">Its attributes by name.</param>
    /// <returns>What it gives.</returns>
    public IReadOnlyList<OnnxValue> AddMany(
        string operation,
        int results,
        IReadOnlyList<OnnxValue?> inputs,
        params IReadOnlyList<(string Name, OnnxAttributeValue Value)> attributes)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(operation);
        ArgumentOutOfRangeException.ThrowIfLessThan(results, 1);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(attributes);
        string name = $"{operation}_{Nodes.Count}";
        OnnxValue[] given = [.. Enumerable.Range(0, results).Select(index => NewValue(results == 1 ? name : $"{name}_{index}"))];
        // NodeProto of onnx.proto.
        var node = new ProtobufMessage();
        foreach (OnnxValue? input in inputs)
            node.Text(1, input?.Name ?? "");
        foreach (OnnxValue result in given)
            node.Text(2, result.Name);
        node.Text(3, name).Text(4, operation);
        foreach ((string attribute, OnnxAttributeValue value) in attributes)
            node.Message(5, value.Write(attribute));
        Nodes.Add(node);
        return given;
    }

    /// <summary>A parameter or buffer of the network, kept in float32 under the name that it has in the state dictionary.</summary>
    /// <param name="tensor">The tensor itself, which must live until the file is written; the same one twice is kept once.</param>
    public OnnxValue Weight(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (_weights.TryGetValue(tensor.Handle, out OnnxValue? known))
            return known;
        OnnxValue value = NewValue(_weightNames.GetValueOrDefault(tensor.Handle, "weight"));
        Tensors.Add(OnnxTensor.Of(value.Name, tensor));
        _weights.Add(tensor.Handle, value);
        return value;
    }

    /// <summary>A constant of float32 numbers.</summary>
    /// <param name="values">The numbers, in row-major order.</param>
    /// <param name="shape">The shape; none for a single number.</param>
    public OnnxValue Constant(IReadOnlyList<float> values, params long[] shape)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Aggregate(1L, (count, length) => count * length) != values.Count)
            throw new ArgumentException($"A constant of the shape [{string.Join(", ", shape)}] does not have {values.Count} numbers.", nameof(shape));
        return Constant($"float [{string.Join(',', shape)}] {string.Join(',', values.Select(BitConverter.SingleToInt32Bits))}",
            name => OnnxTensor.Of(name, values, shape));
    }

    /// <summary>A constant list of integers, for example a shape or axes.</summary>
    /// <param name="values">The integers.</param>
    public OnnxValue Integers(params IReadOnlyList<long> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Constant($"integers {string.Join(',', values)}", name => OnnxTensor.Of(name, values));
    }

    /// <summary>
    /// Writes a module: an <see cref="IOnnxLayer"/>, a <c>Sequential</c>, or one of torch's own layers (convolutions and transposed convolutions, batch,
    /// instance and group norms, max-pooling, dropout, which does nothing in evaluation mode, and the usual activations).
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="input">What it gets.</param>
    /// <returns>What it gives in evaluation mode.</returns>
    /// <exception cref="NotSupportedException">The module, or one within it, is none of these.</exception>
    public OnnxValue Apply(nn.Module<Tensor, Tensor> module, OnnxValue input)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(input);
        return module is IOnnxLayer layer ? layer.WriteOnnx(this, input) : TorchLayers.Write(this, module, input);
    }

    /// <summary>Writes a network within another one.</summary>
    /// <param name="network">The network.</param>
    /// <param name="images">The images by modality, those that it does not see included.</param>
    /// <returns>Its raw logits.</returns>
    /// <exception cref="NotSupportedException">The network is no <see cref="IOnnxExportable"/>.</exception>
    public OnnxValue Apply(IEncoderDecoder network, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        IOnnxExportable exportable = Exportable(network);
        return exportable.WriteOnnx(
            this,
            network.Modalities.Where(images.ContainsKey).ToDictionary(name => name, name => images[name], StringComparer.Ordinal));
    }

    /// <summary>The network as one that can be written.</summary>
    /// <exception cref="NotSupportedException">It cannot.</exception>
    internal static IOnnxExportable Exportable(IEncoderDecoder network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return network as IOnnxExportable ?? throw new NotSupportedException(
            $"A {network.GetType().Name} cannot be written as ONNX, because it does not say how: implement {nameof(IOnnxExportable)} beside "
                + $"{nameof(IEncoderDecoder)} and write its operations there.");
    }

    /// <summary>Makes a value the output of a name.</summary>
    internal void Give(OnnxValue value, OnnxValue output) =>
        Nodes.Add(new ProtobufMessage().Text(1, value.Name).Text(2, output.Name).Text(3, "Identity").Text(4, "Identity"));

    /// <summary>A value of a name that no other has.</summary>
    internal OnnxValue NewValue(string wanted)
    {
        string name = wanted;
        for (int number = 1; !_names.Add(name); number++)
            name = $"{wanted}_{number}";
        return new OnnxValue(name);
    }

    private OnnxValue Constant(string content, Func<string, OnnxTensor> make)
    {
        if (_constants.TryGetValue(content, out OnnxValue? known))
            return known;
        OnnxValue value = NewValue($"constant_{_constants.Count}");
        Tensors.Add(make(value.Name));
        _constants.Add(content, value);
        return value;
    }
}
