using System.Runtime.InteropServices;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>
/// A convolution of slices or volumes by the fastest way that torch offers. Parameters, their initial values and results are those of torch's own,
/// up to the order in which floating-point numbers are added.
/// </summary>
internal sealed class Convolution : Module<Tensor, Tensor>, IOnnxLayer
{
    // On a CPU torch uses an unfolding, several times slower than oneDNN, where N · C · D · H of a float32 input is at most this
    // and N is 1 (use_mkldnn in ATen's Convolution.cpp).
    private const long LargestUnfolded = 20480;

    // Below this length the two halves would overlap almost wholly.
    private const long ShallowestHalved = 8;

    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly long[] _stride;
    private readonly long[] _padding;
    private readonly bool _canBeHalved;

    public Convolution(int dimensions, long inputs, long outputs, long kernel, long stride = 1, long? padding = null, bool bias = true)
        : this(inputs, outputs, Repeat(kernel, dimensions), Repeat(stride, dimensions), Repeat(padding ?? kernel / 2, dimensions), bias)
    {
    }

    /// <summary>A convolution whose kernel, stride and padding may differ from axis to axis.</summary>
    public Convolution(long inputs, long outputs, long[] kernel, long[] stride, long[] padding, bool bias)
        : base(nameof(Convolution))
    {
        (_stride, _padding) = (stride, padding);
        _canBeHalved = kernel is [3, 3, 3] && stride is [1, 1, 1] && padding is [1, 1, 1] && RuntimeInformation.ProcessArchitecture == Architecture.X64;
        weight = LearnedValues.Own(size => empty(size), [outputs, inputs, .. kernel]);
        init.kaiming_uniform_(weight, Math.Sqrt(5));
        if (bias)
        {
            double bound = 1 / Math.Sqrt(kernel.Aggregate((double)inputs, (product, length) => product * length));
            this.bias = LearnedValues.Own(size => empty(size), outputs);
            init.uniform_(this.bias, -bound, bound);
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        if (ComputePrecision.Current == Precision.Full)
            return Convolve(input, weight, bias);
        if (!IsAsLongAsKernel(input))
        {
            using Tensor wideInput = input.to(weight.dtype);
            return Convolve(wideInput, weight, bias);
        }

        using Tensor narrowInput = ReducedPrecision.Narrow(input), narrowWeight = ReducedPrecision.Narrow(weight);
        using Tensor? narrowBias = bias is null ? null : ReducedPrecision.Narrow(bias);
        return Convolve(narrowInput, narrowWeight, narrowBias);
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) => graph.Add(
        "Conv",
        [input, graph.Weight(weight), .. bias is null ? (OnnxValue?[])[] : [graph.Weight(bias)]],
        ("strides", _stride),
        ("pads", (long[])[.. _padding, .. _padding]));

    // Where an axis is shorter than the kernel, oneDNN (in libtorch 2.10) reads beyond its memory for the gradient of bfloat16 weights:
    // gradients are wrong, or not finite, and the process may end.
    private bool IsAsLongAsKernel(Tensor input) => input.shape[2..].Zip(weight.shape[2..]).All(axis => axis.First >= axis.Second);

    private static long[] Repeat(long number, int dimensions) => [.. Enumerable.Repeat(number, dimensions)];

    private Tensor Convolve(Tensor input, Tensor weight, Tensor? bias)
    {
        if (_stride.Length == 2)
            return functional.conv2d(input, weight, bias, _stride, _padding);
        return _canBeHalved && WouldBeUnfolded(input) ? ConvolveHalves(input) : functional.conv3d(input, weight, bias, _stride, _padding);
    }

    private static bool WouldBeUnfolded(Tensor input)
    {
        long[] shape = input.shape;
        return shape[0] == 1 && shape[1] * shape[2] * shape[3] <= LargestUnfolded && shape[2] % 2 == 0 && shape[2] >= ShallowestHalved
            && input.dtype == ScalarType.Float32 && input.device_type == DeviceType.CPU;
    }

    // The upper and the lower half of the volume, each with the slice beyond its edge, as a batch of two, which oneDNN takes.
    private Tensor ConvolveHalves(Tensor input)
    {
        long half = input.shape[2] / 2;
        using Tensor padded = functional.pad(input, [0, 0, 0, 0, 1, 1]);
        using Tensor upper = padded.narrow(2, 0, half + 2), lower = padded.narrow(2, half, half + 2);
        using Tensor halves = cat([upper, lower], 0);
        using Tensor convolved = functional.conv3d(halves, weight, bias, _stride, [0, 1, 1]);
        using Tensor convolvedUpper = convolved.narrow(0, 0, 1), convolvedLower = convolved.narrow(0, 1, 1);
        return cat([convolvedUpper, convolvedLower], 2);
    }
}
