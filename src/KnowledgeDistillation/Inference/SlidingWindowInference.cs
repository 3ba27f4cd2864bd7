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
    public Tensor Predict(IEncoderDecoder network, LabelScheme labels, ModalityImages images, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(images);
        WindowPlan.Check(_options, images.SpatialSize.Length, network.SizeMultiple);
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(network);
        using ComputePrecision.Scope precision = ComputePrecision.Use(_options.Precision, images.Device);
        ModalityImages needed = NetworkImages.Of(network, images);
        var padding = new Padding(images.SpatialSize, _options.WindowSize);
        ModalityImages padded = padding.Apply(needed);
        long[] size = padded.SpatialSize;

        var plan = new WindowPlan(_options, size);
        Tensor weight = tensor(plan.Weights, [1, 1, .. _options.WindowSize]).to(images.Device);
        Tensor sum = zeros([images.BatchSize, labels.Channels, .. size], ScalarType.Float32, images.Device);
        Tensor weightSum = zeros([1, 1, .. size], ScalarType.Float32, images.Device);
        Tensor? content = _options.SkipBackground ? Content(padded) : null;
        foreach (long[] corner in plan.Corners)
        {
            cancellation.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            bool isBackground = content is not null && !Window(content, corner).any().item<bool>();
            Tensor probabilities = isBackground
                ? labels.Encode(zeros([images.BatchSize, .. _options.WindowSize], ScalarType.Int64, images.Device))
                : labels.Probabilities(NetworkOutput.Of(network, padded.Select(image => Window(image, corner))).Logits);
            Window(sum, corner).Add(probabilities * weight);
            Window(weightSum, corner).Add(weight);
        }

        return padding.Remove(sum / weightSum).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>For example "SlidingWindowInference (window 64×64×64, overlap 0.5, Gaussian width 0.125, background not skipped, precision Full)".</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{nameof(SlidingWindowInference)} (window {string.Join("×", _options.WindowSize)}, overlap {_options.Overlap}, ")
        + FormattableString.Invariant($"Gaussian width {_options.GaussianWidth}, background {(_options.SkipBackground ? "" : "not ")}skipped, ")
        + $"precision {_options.Precision})";

    // Where any image of any case is not 0, [1, 1, spatial...]; on the CPU, because each window asks.
    private static Tensor Content(ModalityImages images) =>
        images.Concatenate(images.Names).to(ScalarType.Bool).any(1, keepdim: true).any(0, keepdim: true).cpu();

    private Tensor Window(Tensor tensor, long[] corner)
    {
        Tensor view = tensor;
        for (int axis = 0; axis < corner.Length; axis++)
            view = view.narrow(axis + 2, corner[axis], _options.WindowSize[axis]);
        return view;
    }
}
