using KnowledgeDistillation.Networks.Layers;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// MultiResUNet for volumes [N, C, D, H, W] (Ibtehaz and Rahman 2020, "MultiResUNet: Rethinking the U-Net architecture for multimodal biomedical
/// image segmentation", Neural Networks 121), named by the KD-Net paper as another network that can teach and be taught. A level's block is a chain
/// of three 3×3×3 convolutions of ⌊0.167 W⌋, ⌊0.333 W⌋ and ⌊0.5 W⌋ filters, W = α·U, whose outputs are concatenated, normalized and added to a 1×1×1 shortcut;
/// skip connections pass through residual paths of as many steps as poolings remain below them (4, 3, 2, 1); 2×2×2 transposed convolutions lead upwards.
/// Each convolution within a block or a path is followed by batch norm. A final 1×1×1 convolution gives raw logits.
/// The bottleneck is the output of the deepest block after its last norm.
/// </summary>
/// <remarks>
/// Three details differ from the authors' code: every batch norm learns a scale besides its offset, the output has a bias and no batch norm, and the initial
/// weights and the momentum and epsilon of the norms are torch's defaults. With four modalities and one output channel it has 18,639,713 parameters;
/// the authors' code has 18,657,689, in which 24,522 running statistics of the norms are counted.
/// Batch norm normalizes over the batch in training mode and by its running statistics in evaluation mode; the statistics are buffers,
/// kept in checkpoints, and a frozen teacher's stay as they are.
/// They follow the weights slowly, so after few and large steps a network evaluates worse than it trains; smaller steps at the end of a fit let them settle.
/// </remarks>
/// <param name="options">How to build it.</param>
/// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
public sealed class MultiResUNet3D(MultiResUNet3DOptions options) : UShapedNetwork(
    options,
    Layers,
    nameof(MultiResUNet3D),
    level => new MultiResBlock(Layers, level == 0 ? options.Channels : options.BlockWidth(level - 1), options.Filters(level)),
    level => new MultiResDecoderLevel(Layers, options, level),
    () => options.BlockWidth(0))
{
    private static readonly SpatialLayers Layers = new(3);
}
