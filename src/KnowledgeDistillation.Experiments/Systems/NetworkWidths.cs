using KnowledgeDistillation.Networks;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>How wide the levels of a network's encoder are.</summary>
internal static class NetworkWidths
{
    // Where any size fits, enough for a few poolings.
    private const int FewVoxels = 8;

    /// <summary>The number of channels of each level, shallowest first. Random numbers are drawn afterwards as if this had not been asked.</summary>
    /// <exception cref="ArgumentException">The recipe is not valid.</exception>
    public static IReadOnlyList<int> Of(NetworkRecipe recipe)
    {
        // Known without building one, which takes a while at the paper's size.
        if (recipe is UNetOptions unet)
            return [.. Enumerable.Range(0, unet.Levels).Select(unet.Width)];
        return Measured(recipe);
    }

    /// <summary>The same by building the network and looking at what its encoder gives.</summary>
    internal static IReadOnlyList<int> Measured(NetworkRecipe recipe)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor randomState = Generator.Default.get_state();
        try
        {
            using IEncoderDecoder network = recipe.Build();
            network.Module.eval();
            // Norms need more than one voxel at the bottleneck.
            long edge = network.SizeMultiple == 1 ? FewVoxels : 2 * network.SizeMultiple;
            long[] size = [.. Enumerable.Repeat(edge, network.SpatialDimensions)];
            EncoderOutput encoding = network.Encode(new ModalityImages(network.Modalities.Select(name => KeyValuePair.Create(name, zeros([1, 1, .. size])))));
            return [.. encoding.Levels.Select(level => (int)level.shape[1])];
        }
        finally
        {
            Generator.Default.set_state(randomState);
        }
    }
}
