using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// How many channels the features of a network have, for losses with parameters of their own for them: found by a pass over zeros in evaluation mode, since a
/// network of anybody's need not say it.
/// </summary>
internal static class FeatureWidths
{
    // Where any size fits, enough for a few poolings.
    private const long FewVoxels = 8;

    /// <summary>The widths of the levels of its encoder, shallowest first, bottleneck last.</summary>
    public static IReadOnlyList<int> OfEncoder(IEncoderDecoder network) => Measure(network, [], output => output.Encoding.Levels);

    /// <summary>The widths of some of the features that its decoder gives.</summary>
    /// <exception cref="ArgumentException">It does not give them, or its images have more than one channel.</exception>
    public static IReadOnlyList<int> OfDecoder(IEncoderDecoder network, params IReadOnlyList<string> names) =>
        Measure(network, names, output => names.Select(output.DecoderFeature));

    private static int[] Measure(IEncoderDecoder network, IReadOnlyList<string> names, Func<NetworkOutput, IEnumerable<Tensor>> features)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        // Norms over the voxels of a sample need more than one at the bottleneck.
        long edge = network.SizeMultiple == 1 ? FewVoxels : 2 * network.SizeMultiple;
        long[] shape = [1, 1, .. Enumerable.Repeat(edge, network.SpatialDimensions)];
        Device device = network.Module.parameters().First().device;
        var images = new ModalityImages(network.Modalities.Select(name => KeyValuePair.Create(name, zeros(shape, device: device))));
        bool training = network.Module.training;
        network.Module.eval();
        try
        {
            return [.. features(NetworkOutput.Of(network, images, names)).Select(feature => (int)feature.shape[1])];
        }
        finally
        {
            network.Module.train(training);
        }
    }
}
