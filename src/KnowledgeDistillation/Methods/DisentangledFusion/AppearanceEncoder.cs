using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// The appearance encoder of one modality: convolutions of stride 2 with ReLU and without norm, because a norm would remove the appearance;
/// the mean over all voxels; mean and log-variance of the code.
/// </summary>
internal sealed class AppearanceEncoder : Module<Tensor, DiagonalGaussian>
{
    // As in U-HVED, so that a variance is always finite and above 0.
    private static readonly Scalar LowestLogVariance = -50.0;
    private static readonly Scalar HighestLogVariance = 50.0;

    private readonly Module<Tensor, Tensor> convolutions;
    private readonly Module<Tensor, Tensor> mean;
    private readonly Module<Tensor, Tensor> logVariance;

    public AppearanceEncoder(int baseWidth, int levels, int dimension)
        : base(nameof(AppearanceEncoder))
    {
        int width = 2 * baseWidth;
        List<Module<Tensor, Tensor>> layers = [new Convolution(3, 1, width, 7), ReLU(inplace: true)];
        for (int level = 1; level < levels; level++)
        {
            int next = Math.Min(2 * width, 8 * baseWidth);
            layers.AddRange([new Convolution(3, width, next, 4, stride: 2, padding: 1), ReLU(inplace: true)]);
            width = next;
        }

        convolutions = Sequential(layers);
        mean = Linear(width, dimension);
        logVariance = Linear(width, dimension);
        RegisterComponents();
    }

    /// <summary>The distribution of the appearance code, [N, dimension].</summary>
    public override DiagonalGaussian forward(Tensor image)
    {
        Tensor features = ReducedPrecision.Widen(convolutions.call(image)).mean([2, 3, 4]);
        return new DiagonalGaussian(mean.call(features), logVariance.call(features).clamp(LowestLogVariance, HighestLogVariance));
    }
}
