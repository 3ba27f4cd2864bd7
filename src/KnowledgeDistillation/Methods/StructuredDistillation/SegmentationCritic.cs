using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.StructuredDistillation;

/// <summary>
/// Scores segmentation maps [N, C, spatial...], one number per sample: strided convolutions with leaky ReLU 0.2, a convolution of size 1,
/// and the mean over all positions, so that any size fits and the score does not grow with it. No layer mixes samples,
/// as a gradient penalty per sample requires, and each can be differentiated twice.
/// </summary>
internal sealed class SegmentationCritic : Module<Tensor, Tensor>
{
    // Kept alive on purpose: the operation runs over whole volumes.
    private static readonly Scalar NegativeSlope = 0.2;

    private readonly ModuleList<Module<Tensor, Tensor>> convolutions = [];
    private readonly Module<Tensor, Tensor> head;

    public SegmentationCritic(long inputs, HolisticOptions options)
        : base(nameof(SegmentationCritic))
    {
        long width = options.Width;
        for (int i = 0; i < options.StridedConvolutions; i++)
        {
            convolutions.Add(options.SpatialDimensions == 3
                ? Conv3d(inputs, width, 3, stride: 2, padding: 1)
                : Conv2d(inputs, width, 3, stride: 2, padding: 1));
            (inputs, width) = (width, 2 * width);
        }

        head = options.SpatialDimensions == 3 ? Conv3d(inputs, 1, 1) : Conv2d(inputs, 1, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor features = input;
        foreach (Module<Tensor, Tensor> convolution in convolutions)
            features = convolution.call(features).leaky_relu(NegativeSlope);
        return head.call(features).flatten(1).mean([1]);
    }
}
