namespace KnowledgeDistillation.Onnx;

/// <summary>The operations that the networks of this library are made of.</summary>
internal static class Operations
{
    public static OnnxValue Plus(this OnnxGraph graph, OnnxValue left, OnnxValue right) => graph.Add("Add", [left, right]);

    public static OnnxValue Minus(this OnnxGraph graph, OnnxValue left, OnnxValue right) => graph.Add("Sub", [left, right]);

    public static OnnxValue Times(this OnnxGraph graph, OnnxValue left, OnnxValue right) => graph.Add("Mul", [left, right]);

    public static OnnxValue Over(this OnnxGraph graph, OnnxValue left, OnnxValue right) => graph.Add("Div", [left, right]);

    public static OnnxValue Sum(this OnnxGraph graph, IReadOnlyList<OnnxValue> values) => values.Count == 1 ? values[0] : graph.Add("Sum", values);

    public static OnnxValue Scalar(this OnnxGraph graph, double value) => graph.Constant([(float)value]);

    public static OnnxValue Relu(this OnnxGraph graph, OnnxValue input) => graph.Add("Relu", [input]);

    public static OnnxValue LeakyRelu(this OnnxGraph graph, OnnxValue input, double slope) => graph.Add("LeakyRelu", [input], ("alpha", slope));

    /// <summary>Joins along the channels.</summary>
    public static OnnxValue Concatenate(this OnnxGraph graph, params IReadOnlyList<OnnxValue> values) =>
        values.Count == 1 ? values[0] : graph.Add("Concat", values, ("axis", 1L));

    /// <summary>Cuts the channels into equal parts.</summary>
    public static IReadOnlyList<OnnxValue> Split(this OnnxGraph graph, OnnxValue input, int parts) =>
        parts == 1 ? [input] : graph.AddMany("Split", parts, [input], ("axis", 1L));

    /// <summary>Halves every spatial length by the largest of each block.</summary>
    public static OnnxValue MaxPool(this OnnxGraph graph, OnnxValue input) =>
        graph.Add("MaxPool", [input], ("kernel_shape", Repeat(graph, 2)), ("strides", Repeat(graph, 2)));

    /// <summary>Doubles every spatial length by linear interpolation, without aligned corners.</summary>
    public static OnnxValue DoubleSize(this OnnxGraph graph, OnnxValue input) =>
        graph.Add("Resize", [input, null, Doubling(graph)], ("mode", "linear"), ("coordinate_transformation_mode", "half_pixel"));

    /// <summary>Doubles every spatial length by repeating every voxel.</summary>
    public static OnnxValue RepeatVoxels(this OnnxGraph graph, OnnxValue input) => graph.Add("Resize", [input, null, Doubling(graph)],
        ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"));

    /// <summary>The same number for each spatial axis.</summary>
    public static long[] Repeat(OnnxGraph graph, long number) => [.. Enumerable.Repeat(number, graph.SpatialDimensions)];

    private static OnnxValue Doubling(OnnxGraph graph)
    {
        float[] factors = [1, 1, .. Enumerable.Repeat(2f, graph.SpatialDimensions)];
        return graph.Constant(factors, factors.Length);
    }
}
