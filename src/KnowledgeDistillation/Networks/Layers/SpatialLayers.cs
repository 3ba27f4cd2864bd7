using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>Makes the layers of a network for slices (2) or volumes (3), so that one network definition serves both.</summary>
internal readonly record struct SpatialLayers(int Dimensions)
{
    public Module<Tensor, Tensor> Convolution(long inputs, long outputs, long kernel, bool bias = true) =>
        new Convolution(Dimensions, inputs, outputs, kernel, bias: bias);

    /// <summary>The convolution of size 1 that gives logits, float32 in any precision.</summary>
    public Module<Tensor, Tensor> FullPrecisionHead(long inputs, long outputs) => Dimensions == 3
        ? Conv3d(inputs, outputs, 1)
        : Conv2d(inputs, outputs, 1);

    public Module<Tensor, Tensor> TransposedConvolution(long inputs, long outputs) => new TransposedConvolution(Dimensions, inputs, outputs);

    public Module<Tensor, Tensor> BatchNorm(long channels) => Dimensions == 3
        ? BatchNorm3d(channels)
        : BatchNorm2d(channels);

    public Tensor MaxPool(Tensor input) => Dimensions == 3
        ? functional.max_pool3d(input, [2, 2, 2])
        : functional.max_pool2d(input, 2);

    /// <summary>Doubles the size by repeating every voxel.</summary>
    public Tensor RepeatVoxels(Tensor input) => functional.interpolate(input, scale_factor: Twice, mode: InterpolationMode.Nearest);

    /// <summary>Doubles the size by linear interpolation.</summary>
    public Tensor DoubleSize(Tensor input) => input.device_type == DeviceType.CPU
        ? LinearDoubling.Apply(input)
        : functional
            .interpolate(input, scale_factor: Twice, mode: Dimensions == 3 ? InterpolationMode.Trilinear : InterpolationMode.Bilinear, align_corners: false);

    private double[] Twice => [.. Enumerable.Repeat(2.0, Dimensions)];
}
