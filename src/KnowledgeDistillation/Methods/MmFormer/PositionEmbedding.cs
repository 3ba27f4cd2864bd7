using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// A learned vector for each place of a grid of tokens, at first zero. For a grid of another size than the learned one it is interpolated linearly,
/// so that a network works with images of any size.
/// </summary>
internal sealed class PositionEmbedding : Module<long[], Tensor>
{
    private readonly Parameter grid;

    public PositionEmbedding(long width, long length)
        : base(nameof(PositionEmbedding))
    {
        grid = LearnedValues.Own(size => zeros(size), 1, width, length, length, length);
        RegisterComponents();
    }

    /// <param name="size">The size of the grid of tokens, [D, H, W].</param>
    /// <returns>[1, D · H · W, width].</returns>
    public override Tensor forward(long[] size)
    {
        Tensor fitted = grid.shape.AsSpan(2).SequenceEqual(size)
            ? grid
            : functional.interpolate(grid, size, mode: InterpolationMode.Trilinear, align_corners: false);
        return fitted.flatten(2).transpose(1, 2);
    }

    /// <summary>Writes what <see cref="forward"/> gives for the grid of some features [N, C, D, H, W].</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue features)
    {
        OnnxValue size = graph.Add("Slice", [graph.Add("Shape", [features]), graph.Integers(2), graph.Integers(5)]);
        OnnxValue sizes = graph.Add("Concat", [graph.Integers(1, grid.shape[1]), size], ("axis", 0L));
        OnnxValue fitted = graph.Add(
            "Resize", [graph.Weight(grid), null, null, sizes], ("mode", "linear"), ("coordinate_transformation_mode", "half_pixel"));
        return Tokens.WriteOnnx(graph, fitted);
    }
}
