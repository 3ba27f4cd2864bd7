using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Onnx;

/// <summary>Writes layers of torch's own.</summary>
internal static class TorchLayers
{
    public static OnnxValue Write(OnnxGraph graph, nn.Module<Tensor, Tensor> module, OnnxValue input) => module switch
    {
        Sequential sequential => sequential.children().Aggregate(input, (value, child) => Child(graph, child, value)),
        ConvolutionTranspose transposed => Transposed(graph, transposed, input),
        Convolution convolution => Convolved(graph, convolution, input),
        BatchNorm batch => BatchNormed(graph, batch, input),
        InstanceNorm instance => InstanceNormed(graph, instance, input),
        GroupNorm group => GroupNormed(graph, group, input),
        MaxPool2d { ceil_mode: false } pool => Pooled(graph, pool.kernel_size, pool.stride, pool.padding, pool.dilation, input),
        MaxPool3d { ceil_mode: false } pool => Pooled(graph, pool.kernel_size, pool.stride, pool.padding, pool.dilation, input),
        ReLU => graph.Relu(input),
        LeakyReLU leaky => graph.LeakyRelu(input, leaky.negative_slope),
        ELU elu => graph.Add("Elu", [input], ("alpha", elu.alpha)),
        Sigmoid => graph.Add("Sigmoid", [input]),
        SiLU => graph.Times(input, graph.Add("Sigmoid", [input])),
        Tanh => graph.Add("Tanh", [input]),
        Identity or Dropout or Dropout2d or Dropout3d => input,
        _ => throw Unknown(module),
    };

    private static OnnxValue Child(OnnxGraph graph, nn.Module child, OnnxValue input) =>
        child is nn.Module<Tensor, Tensor> known ? graph.Apply(known, input) : throw Unknown(child);

    private static OnnxValue Convolved(OnnxGraph graph, Convolution convolution, OnnxValue input)
    {
        Require(
            convolution,
            convolution is { padding_mode: PaddingModes.Zeros, padding_type: null, padding: not null },
            "it pads in another way than by so many zeros");
        return graph.Add("Conv", Inputs(graph, convolution, input), Geometry(convolution));
    }

    private static OnnxValue Transposed(OnnxGraph graph, ConvolutionTranspose convolution, OnnxValue input) => graph.Add(
        "ConvTranspose",
        Inputs(graph, convolution, input),
        [.. Geometry(convolution), ("output_padding", OnnxAttributeValue.FromIntegers(convolution.output_padding))]);

    private static OnnxValue?[] Inputs(OnnxGraph graph, Convolution convolution, OnnxValue input) =>
        [input, graph.Weight(convolution.weight!), .. convolution.bias is { } bias ? (OnnxValue?[])[graph.Weight(bias)] : []];

    private static (string Name, OnnxAttributeValue Value)[] Geometry(Convolution convolution) =>
    [
        ("strides", convolution.stride),
        ("pads", (long[])[.. convolution.padding!, .. convolution.padding!]),
        ("dilations", convolution.dilation),
        ("group", convolution.groups),
    ];

    private static OnnxValue BatchNormed(OnnxGraph graph, BatchNorm norm, OnnxValue input)
    {
        Require(norm, norm.track_running_stats, "without running statistics it depends on the other images of a batch");
        (OnnxValue scale, OnnxValue offset) = ScaleAndOffset(graph, norm);
        return graph.Add(
            "BatchNormalization", [input, scale, offset, graph.Weight(norm.running_mean!), graph.Weight(norm.running_var!)], ("epsilon", norm.eps));
    }

    private static OnnxValue InstanceNormed(OnnxGraph graph, InstanceNorm norm, OnnxValue input)
    {
        (OnnxValue scale, OnnxValue offset) = ScaleAndOffset(graph, norm);
        return norm.track_running_stats
            ? graph.Add(
                "BatchNormalization", [input, scale, offset, graph.Weight(norm.running_mean!), graph.Weight(norm.running_var!)], ("epsilon", norm.eps))
            : graph.Add("InstanceNormalization", [input, scale, offset], ("epsilon", norm.eps));
    }

    private static (OnnxValue Scale, OnnxValue Offset) ScaleAndOffset(OnnxGraph graph, NormBase norm) => norm.affine
        ? (graph.Weight(norm.weight!), graph.Weight(norm.bias!))
        : (Filled(graph, 1, norm.num_features), Filled(graph, 0, norm.num_features));

    // An instance norm of the groups as if each were one channel, then scale and offset of each channel.
    private static OnnxValue GroupNormed(OnnxGraph graph, GroupNorm norm, OnnxValue input)
    {
        OnnxValue shape = graph.Add("Shape", [input]);
        OnnxValue groups = graph.Add("Reshape", [input, graph.Integers(0, norm.num_groups, -1)]);
        OnnxValue normed = graph.Add(
            "InstanceNormalization",
            [groups, Filled(graph, 1, norm.num_groups), Filled(graph, 0, norm.num_groups)],
            ("epsilon", norm.eps));
        OnnxValue result = graph.Add("Reshape", [normed, shape]);
        if (!norm.affine)
            return result;
        OnnxValue perChannel = graph.Integers([-1, .. Operations.Repeat(graph, 1)]);
        OnnxValue scale = graph.Add("Reshape", [graph.Weight(norm.weight!), perChannel]), offset = graph.Add("Reshape", [graph.Weight(norm.bias!), perChannel]);
        return graph.Plus(graph.Times(result, scale), offset);
    }

    private static OnnxValue Pooled(OnnxGraph graph, long[] kernel, long[]? stride, long[]? padding, long[]? dilation, OnnxValue input)
    {
        long[] pads = padding ?? [.. kernel.Select(_ => 0L)];
        return graph.Add(
            "MaxPool",
            [input],
            ("kernel_shape", kernel),
            ("strides", stride ?? kernel),
            ("pads", (long[])[.. pads, .. pads]),
            ("dilations", dilation ?? [.. kernel.Select(_ => 1L)]));
    }

    private static OnnxValue Filled(OnnxGraph graph, float value, long count) => graph.Constant([.. Enumerable.Repeat(value, (int)count)], count);

    private static void Require(nn.Module module, bool condition, string otherwise)
    {
        if (!condition)
            throw new NotSupportedException($"A {module.GetType().Name} of this network cannot be written as ONNX: {otherwise}.");
    }

    private static NotSupportedException Unknown(nn.Module module) => new(
        $"The layer {module.GetType().Name} cannot be written as ONNX, because it does not say how: implement {nameof(IOnnxLayer)} in it, "
            + $"or in the module around it, and write its operations there.");
}
