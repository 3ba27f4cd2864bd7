namespace KnowledgeDistillation.Inference;

/// <summary>
/// The windows that cover an image, and how much each voxel of a window counts: what a sliding window needs to know,
/// in plain numbers, whoever runs the network.
/// </summary>
internal sealed class WindowPlan
{
    // A corner far from the middle must still count where no other window reaches.
    private const float LeastWeight = 1e-6f;

    private readonly SlidingWindowOptions _options;

    /// <param name="options">How to walk; valid.</param>
    /// <param name="size">The spatial size of the image, at least the window along each axis.</param>
    public WindowPlan(SlidingWindowOptions options, IReadOnlyList<long> size)
    {
        _options = options;
        Corners = AllCorners(size);
        Weights = GaussianWeights();
    }

    /// <summary>The first voxel of each window.</summary>
    public IReadOnlyList<long[]> Corners { get; }

    /// <summary>The weight of each voxel of a window, the last axis fastest: a Gaussian around its middle.</summary>
    public float[] Weights { get; }

    /// <summary>Refuses windows that do not fit images or network.</summary>
    /// <exception cref="ArgumentException">The window does not have as many lengths as the images have axes, or one that does not fit the network.</exception>
    public static void Check(SlidingWindowOptions options, int spatialAxes, int sizeMultiple)
    {
        IReadOnlyList<long> window = options.WindowSize;
        if (window.Count != spatialAxes)
            throw new ArgumentException($"The window has {window.Count} lengths, but the images have {spatialAxes} spatial axes.");
        if (window.Any(length => length % sizeMultiple != 0))
        {
            throw new ArgumentException(
                $"The window {string.Join("×", window)} does not fit the network: each length must be a multiple of {sizeMultiple}.");
        }
    }

    // Evenly spread from edge to edge, so that the last window stays within the images and does not almost cover the one before.
    private IReadOnlyList<long[]> AllCorners(IReadOnlyList<long> size)
    {
        IEnumerable<long[]> corners = [[]];
        foreach (long[] starts in size.Select((length, axis) => Starts(length, _options.WindowSize[axis])))
            corners = [.. corners.SelectMany(corner => starts.Select(start => (long[])[.. corner, start]))];
        return [.. corners];
    }

    private long[] Starts(long length, long window)
    {
        double stride = Math.Max(1, window * (1 - _options.Overlap));
        int count = (int)Math.Ceiling((length - window) / stride) + 1;
        return [.. Enumerable.Range(0, count).Select(i => count == 1 ? 0 : (long)Math.Round(i * (length - window) / (double)(count - 1)))];
    }

    private float[] GaussianWeights()
    {
        double[] weights = [1];
        foreach (long length in _options.WindowSize)
        {
            double[] along = [.. Enumerable.Range(0, (int)length).Select(voxel => Gaussian(voxel, length))];
            double[] finer = new double[weights.Length * along.Length];
            for (int i = 0; i < finer.Length; i++)
                finer[i] = weights[i / along.Length] * along[i % along.Length];
            weights = finer;
        }

        return Array.ConvertAll(weights, weight => Math.Max(LeastWeight, (float)weight));
    }

    private double Gaussian(int voxel, long length)
    {
        double distance = (voxel - ((length - 1) / 2.0)) / (length * _options.GaussianWidth);
        return Math.Exp(-0.5 * distance * distance);
    }
}
