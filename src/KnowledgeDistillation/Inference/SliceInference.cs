using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>
/// Runs a network for slices [N, C, H, W] over volumes [N, C, D, H, W], slice by slice, and stacks the probabilities along the same axis. Slices whose size
/// does not fit the network are padded with zeros and cropped back. <see cref="Training.SliceBatchSource"/> feeds the training of such a network.
/// </summary>
/// <remarks>Stateless and safe to share between threads, each with a network of its own.</remarks>
public sealed class SliceInference : IInference
{
    private readonly SliceInferenceOptions _options;

    /// <summary>Makes the strategy.</summary>
    /// <param name="options">How to cut; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public SliceInference(SliceInferenceOptions? options = null)
    {
        _options = options ?? new SliceInferenceOptions();
        _options.Validate();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A modality is missing, or the images are no volumes.</exception>
    public Tensor Predict(IEncoderDecoder network, LabelScheme labels, ModalityImages images, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(images);
        long[] size = images.SpatialSize;
        if (size.Length != 3)
        {
            throw new ArgumentException(
                $"Only volumes [N, C, D, H, W] can be segmented slice by slice, but the spatial size of the images is {string.Join("×", size)}.",
                nameof(images));
        }

        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(network);
        using ComputePrecision.Scope precision = ComputePrecision.Use(_options.Precision, images.Device);
        ModalityImages needed = NetworkImages.Of(network, images);
        Padding padding = Padding.ToFit(network.SizeMultiple, [.. size.Where((_, axis) => axis != _options.Axis)]);
        Tensor probabilities = empty([images.BatchSize, labels.Channels, .. size], ScalarType.Float32, images.Device);
        for (long number = 0; number < images.BatchSize; number++)
        {
            for (long first = 0; first < size[_options.Axis]; first += _options.SlicesPerPass)
            {
                cancellation.ThrowIfCancellationRequested();
                using var pass = NewDisposeScope();
                long count = Math.Min(_options.SlicesPerPass, size[_options.Axis] - first);
                NetworkOutput output = NetworkOutput.Of(network, padding.Apply(needed.Select(image => Slices(image, number, first, count))));
                Slices(probabilities, number, first, count).copy_(padding.Remove(labels.Probabilities(output.Logits)));
            }
        }

        return probabilities.MoveToOuterDisposeScope();
    }

    /// <summary>For example "SliceInference (axis 0, 16 slices at once, precision Full)".</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{nameof(SliceInference)} (axis {_options.Axis}, {_options.SlicesPerPass} slices at once, precision {_options.Precision})");

    // A view [count, C, spatial...] of some slices of one volume.
    private Tensor Slices(Tensor volumes, long number, long first, long count) =>
        volumes.select(0, number).movedim([_options.Axis + 1], [0]).narrow(0, first, count);
}
