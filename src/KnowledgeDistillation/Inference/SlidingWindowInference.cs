using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>
/// Runs the network over overlapping windows and blends their probabilities, each weighted by a Gaussian around
/// the window's middle, where a network knows most.
/// Memory for features does not grow with the images; images smaller than a window are padded with zeros.
/// </summary>
/// <remarks>Stateless and safe to share between threads, each with a network of its own.</remarks>
public sealed class SlidingWindowInference : IInference
{
    private readonly SlidingWindowOptions _options;

    /// <summary>Makes the strategy.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public SlidingWindowInference(SlidingWindowOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A modality is missing, the window does not have as many lengths as the images have axes,
    /// or one that does not fit the network.</exception>
    public Tensor Predict(IEncoderDecoder network, LabelScheme labels, ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(images);
        IReadOnlyList<long> window = _options.WindowSize;
        if (window.Count != images.SpatialSize.Length)
        {
            throw new ArgumentException(
                $"The window has {window.Count} lengths, but the images have {images.SpatialSize.Length} spatial axes.", nameof(images));
        }

        if (window.Any(length => length % network.SizeMultiple != 0))
        {
            throw new ArgumentException(
                $"The window {string.Join("×", window)} does not fit the network: each length must be a multiple of {network.SizeMultiple}.", nameof(network));
        }

        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(network);
        using ComputePrecision.Scope precision = ComputePrecision.Use(_options.Precision, images.Device);
        ModalityImages needed = NetworkImages.Of(network, images);
        var padding = new Padding(images.SpatialSize, window);
        ModalityImages padded = padding.Apply(needed);
        long[] size = padded.SpatialSize;

        Tensor weight = GaussianWeight(window, images.Device);
        Tensor sum = zeros([images.BatchSize, labels.Channels, .. size], ScalarType.Float32, images.Device);
        Tensor weightSum = zeros([1, 1, .. size], ScalarType.Float32, images.Device);
        Tensor? content = _options.SkipBackground ? Content(padded) : null;
        foreach (long[] corner in Corners(size))
        {
            using var step = NewDisposeScope();
            bool isBackground = content is not null && !Window(content, corner).any().item<bool>();
            Tensor probabilities = isBackground
                ? labels.Encode(zeros([images.BatchSize, .. window], ScalarType.Int64, images.Device))
                : labels.Probabilities(NetworkOutput.Of(network, padded.Select(image => Window(image, corner))).Logits);
            Window(sum, corner).Add(probabilities * weight);
            Window(weightSum, corner).Add(weight);
        }

        return padding.Remove(sum / weightSum).contiguous().MoveToOuterDisposeScope();
    }

    // Where any image of any case is not 0, [1, 1, spatial...]; on the CPU, because each window asks.
    private static Tensor Content(ModalityImages images) =>
        images.Concatenate(images.Names).to(ScalarType.Bool).any(1, keepdim: true).any(0, keepdim: true).cpu();

    // Evenly spread from edge to edge, so that the last window stays within the images and does not almost cover the one before.
    private IEnumerable<long[]> Corners(long[] size)
    {
        long[][] starts = [.. size.Select((length, axis) => Starts(length, _options.WindowSize[axis]))];
        IEnumerable<long[]> corners = [[]];
        foreach (long[] axis in starts)
            corners = [.. corners.SelectMany(corner => axis.Select(start => (long[])[.. corner, start]))];
        return corners;
    }

    private long[] Starts(long length, long window)
    {
        double stride = Math.Max(1, window * (1 - _options.Overlap));
        int count = (int)Math.Ceiling((length - window) / stride) + 1;
        return [.. Enumerable.Range(0, count).Select(i => count == 1 ? 0 : (long)Math.Round(i * (length - window) / (double)(count - 1)))];
    }

    private Tensor Window(Tensor tensor, long[] corner)
    {
        Tensor view = tensor;
        for (int axis = 0; axis < corner.Length; axis++)
            view = view.narrow(axis + 2, corner[axis], _options.WindowSize[axis]);
        return view;
    }

    private Tensor GaussianWeight(IReadOnlyList<long> window, Device device)
    {
        Tensor weight = ones([1, 1, .. window], ScalarType.Float32, device);
        for (int axis = 0; axis < window.Count; axis++)
        {
            long length = window[axis];
            Tensor distance = TensorArithmetic.Count(length, ScalarType.Float32, device).Minus((length - 1) / 2.0).Over(length * _options.GaussianWidth);
            long[] shape = [1, 1, .. window.Select((_, other) => other == axis ? length : 1)];
            weight = weight * distance.Squared().Times(-0.5).exp().reshape(shape);
        }

        // A corner far from the middle must still count where no other window reaches.
        return weight.AtLeast(1e-6);
    }
}
