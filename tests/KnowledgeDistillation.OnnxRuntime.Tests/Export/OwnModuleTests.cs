using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Tests;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Export;

/// <summary>Networks of a user's own are exported by the seams, or refused by name.</summary>
public sealed class OwnModuleTests : IDisposable
{
    private static readonly ExclusiveClasses Classes = new("background", "liver");

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Layers => [.. Made.Keys];

    private static readonly Dictionary<string, (int Dimensions, Func<Module<Tensor, Tensor>> Make)> Made = new()
    {
        ["convolution with stride, dilation and groups"] = (3, () => Conv3d(4, 4, 3, stride: 2, padding: 2, dilation: 2, groups: 2)),
        ["convolution of slices without bias"] = (2, () => Conv2d(4, 4, 3, padding: 1, bias: false)),
        ["transposed convolution"] = (3, () => ConvTranspose3d(4, 4, 3, stride: 2, padding: 1, output_padding: 1)),
        ["batch norm"] = (3, () => BatchNorm3d(4)),
        ["batch norm of slices without scale"] = (2, () => BatchNorm2d(4, affine: false)),
        ["instance norm with scale"] = (3, () => InstanceNorm3d(4, affine: true)),
        ["instance norm without scale"] = (2, () => InstanceNorm2d(4)),
        ["instance norm with statistics"] = (3, () => InstanceNorm3d(4, track_running_stats: true)),
        ["group norm"] = (3, () => Filled(GroupNorm(2, 4))),
        ["group norm without scale"] = (2, () => GroupNorm(4, 4, affine: false)),
        ["max-pooling"] = (3, () => MaxPool3d(2)),
        ["max-pooling with stride and padding"] = (2, () => MaxPool2d(3, stride: 2, padding: 1)),
        ["ReLU"] = (3, () => ReLU()),
        ["leaky ReLU"] = (3, () => LeakyReLU(0.2)),
        ["ELU"] = (3, () => ELU(0.7)),
        ["sigmoid"] = (3, () => Sigmoid()),
        ["SiLU"] = (3, () => SiLU()),
        ["tanh"] = (3, () => Tanh()),
        ["dropout"] = (3, () => Dropout3d(0.9)),
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public void A_module_of_torchs_own_layers_gives_the_same(string layer)
    {
        manual_seed(6);
        (int dimensions, Func<Module<Tensor, Tensor>> make) = Made[layer];
        Module<Tensor, Tensor> head = dimensions == 3 ? Conv3d(4, 2, 1) : Conv2d(4, 2, 1), enter = dimensions == 3 ? Conv3d(2, 4, 1) : Conv2d(2, 4, 1);
        using var network = new ModuleAdapter(
            Sequential(("enter", enter), ("layer", make()), ("head", head)), ["CT", "MR"], 2, "layer", spatialDimensions: dimensions);
        string path = _folder["own.onnx"];

        OnnxExport.Save(new SegmentationModel(OnnxRun.Stirred(network), Classes), path);

        using InferenceSession session = OnnxRun.Open(path);
        ModalityImages images = OnnxRun.Images(["CT", "MR"], [2, 1, .. new long[] { 8, 6, 10 }[..dimensions]]);
        (float[] values, long[] shape) = OnnxRun.Logits(session, images);
        (float[] expected, long[] expectedShape) = OnnxRun.TorchLogits(network, images);
        shape.Should().Equal(expectedShape);
        values.Zip(expected, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(2e-5f);
    }

    [Fact]
    public void A_module_that_says_how_is_exported()
    {
        manual_seed(7);
        using var network = new ModuleAdapter(new Doubled(), ["CT"], 2, "inner");
        string path = _folder["own.onnx"];

        OnnxExport.Save(new SegmentationModel(network, Classes), path);

        using InferenceSession session = OnnxRun.Open(path);
        ModalityImages images = OnnxRun.Images(["CT"], 1, 1, 4, 4, 4);
        OnnxRun.Logits(session, images).Values.Zip(OnnxRun.TorchLogits(network, images).Values, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-6f);
    }

    [Fact]
    public void A_module_that_does_not_is_refused_by_name()
    {
        using var network = new ModuleAdapter(Sequential(("inner", Conv3d(1, 2, 1)), ("mystery", new Mystery())), ["CT"], 2, "inner");

        FluentActions.Invoking(() => OnnxExport.Save(new SegmentationModel(network, Classes), _folder["own.onnx"]))
            .Should().Throw<NotSupportedException>().WithMessage("*Mystery*IOnnxLayer*");
        _folder.Entries.Should().BeEmpty();
    }

    [Fact]
    public void Layers_that_ONNX_would_compute_otherwise_are_refused()
    {
        using var batch = new ModuleAdapter(
            Sequential(("inner", Conv3d(1, 2, 1)), ("norm", BatchNorm3d(2, track_running_stats: false))), ["CT"], 2, "inner");
        using var reflecting = new ModuleAdapter(
            Sequential(("inner", Conv3d(1, 2, 3, padding: 1, padding_mode: PaddingModes.Replicate))), ["CT"], 2, "inner");
        using var ceiling = new ModuleAdapter(Sequential(("inner", Conv3d(1, 2, 1)), ("pool", MaxPool3d(2, ceil_mode: true))), ["CT"], 2, "inner");

        FluentActions.Invoking(() => OnnxExport.Save(new SegmentationModel(batch, Classes), _folder["own.onnx"]))
            .Should().Throw<NotSupportedException>().WithMessage("*BatchNorm3d*running statistics*");
        FluentActions.Invoking(() => OnnxExport.Save(new SegmentationModel(reflecting, Classes), _folder["own.onnx"]))
            .Should().Throw<NotSupportedException>().WithMessage("*Conv3d*zeros*");
        FluentActions.Invoking(() => OnnxExport.Save(new SegmentationModel(ceiling, Classes), _folder["own.onnx"]))
            .Should().Throw<NotSupportedException>().WithMessage("*MaxPool3d*");
    }

    [Fact]
    public void A_network_that_does_not_say_how_is_refused_by_name()
    {
        using var alone = new OwnNetwork();
        using var member = new EnsembleNetwork([new OwnNetwork()], Classes);

        foreach (IEncoderDecoder network in (IEncoderDecoder[])[alone, member])
        {
            FluentActions.Invoking(() => OnnxExport.Save(new SegmentationModel(network, Classes), _folder["own.onnx"]))
                .Should().Throw<NotSupportedException>().WithMessage("*OwnNetwork*IOnnxExportable*");
        }
    }

    public void Dispose() => _folder.Dispose();

    // TorchSharp leaves scale and offset of a group norm uninitialized.
    private static Module<Tensor, Tensor> Filled(Module<Tensor, Tensor> norm)
    {
        foreach (TorchSharp.Modules.Parameter parameter in norm.parameters())
            init.uniform_(parameter, 0.5, 1.5);
        return norm;
    }

    private sealed class Mystery() : Module<Tensor, Tensor>(nameof(Mystery))
    {
        public override Tensor forward(Tensor input) => input.erf();
    }

    private sealed class Doubled : Module<Tensor, Tensor>, IOnnxLayer
    {
        private readonly Module<Tensor, Tensor> inner = Conv3d(1, 2, 3, padding: 1);

        public Doubled()
            : base(nameof(Doubled)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            Tensor once = inner.call(input);
            return once + once.erf();
        }

        public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input)
        {
            OnnxValue once = graph.Apply(inner, input);
            return graph.Add("Add", [once, graph.Add("Erf", [once])]);
        }
    }

    private sealed class OwnNetwork : Module, IEncoderDecoder
    {
        public OwnNetwork()
            : base(nameof(OwnNetwork))
        {
        }

        public Module Module => this;

        public IReadOnlyList<string> Modalities => ["CT"];

        public int OutputChannels => 2;

        public EncoderOutput Encode(ModalityImages images) => new([images["CT"]]);

        public Tensor Decode(EncoderOutput encoding) => cat([encoding.Bottleneck, encoding.Bottleneck], 1);
    }
}
