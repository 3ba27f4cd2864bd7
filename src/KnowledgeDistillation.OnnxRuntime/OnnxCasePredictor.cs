using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace KnowledgeDistillation.OnnxRuntime;

/// <summary>
/// A network that <see cref="OnnxExport"/> wrote, run by ONNX Runtime: prepared cases in, probabilities out, as torch would give them up to rounding.
/// How images are prepared, what fits the network and what its output means stands in the file.
/// </summary>
/// <remarks>
/// The application references the native part of ONNX Runtime: the package Microsoft.ML.OnnxRuntime, or one of those for GPUs.
/// No native library of torch is needed.
/// Several threads may predict with one at once.
/// </remarks>
public sealed class OnnxCasePredictor : ICasePredictor, IDisposable
{
    // As torch's inference by slices does by default.
    private const int SlicesPerPass = 16;

    private readonly InferenceSession _session;
    private readonly OnnxModelDescription _description;
    private readonly SlidingWindowOptions? _windows;

    private OnnxCasePredictor(InferenceSession session, OnnxModelDescription description, SlidingWindowOptions? windows) =>
        (_session, _description, _windows) = (session, description, windows);

    /// <summary>The modalities that the file sees.</summary>
    public IReadOnlyList<string> Modalities => _description.Modalities;

    /// <summary>Yes: which modalities a file sees was decided when it was exported.</summary>
    public bool NeedsAllModalities => true;

    /// <summary>How its channels relate to classes.</summary>
    public LabelScheme Labels => _description.Labels;

    /// <summary>The facts that were kept with the network in training, such as <see cref="PreprocessingMetadata"/>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _description.Metadata;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range, or the windows do not fit the network.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or was not written by this library; the message names it and says why.</exception>
    /// <exception cref="InvalidOperationException">ONNX Runtime's native library is missing; the message names the package to reference.</exception>
    public static OnnxCasePredictor Load(string path, OnnxNetworkOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        options ??= new OnnxNetworkOptions();
        options.Validate();
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no ONNX file '{path}'.", path);
        InferenceSession session = Open(path, options);
        try
        {
            OnnxModelDescription description = Describe(session);
            if (options.Windows is not null && description.SpatialDimensions == 2)
                throw NoWindows();
            SlidingWindowOptions? windows = options.Windows ?? PatchMetadata.WindowsOf(description.Metadata, description.SpatialDimensions);
            if (windows is not null)
                WindowPlan.Check(windows, description.SpatialDimensions, description.SizeMultiple);
            return new OnnxCasePredictor(session, description, windows);
        }
        catch (Exception exception)
        {
            session.Dispose();
            // Windows that are not the caller's stand in the file.
            if (exception is InvalidDataException || (exception is ArgumentException && options.Windows is null))
                throw new InvalidDataException($"'{path}' cannot be used: {exception.Message}", exception);
            throw;
        }
    }

    /// <summary>Computes the probabilities of a case.</summary>
    /// <param name="source">The case, prepared as in training; those of its modalities are used that the file sees.</param>
    /// <param name="cancellation">Stops between two passes of the network.</param>
    /// <returns>For each channel the probability of each voxel of <see cref="PreprocessedCase.Size"/>, from 0 to 1, x fastest.</returns>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public float[][] Probabilities(PreprocessedCase source, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        string[] missing = [.. Modalities.Except(source.Images.Keys, StringComparer.Ordinal)];
        return missing.Length == 0
            ? Probabilities(source.Images, source.Size, cancellation)
            : throw new ArgumentException(
                $"The network needs {string.Join(", ", Modalities)}, but case {source.Id} has no {string.Join(", ", missing)}.", nameof(source));
    }

    /// <summary>Computes the probabilities of images.</summary>
    /// <param name="images">The images by modality, prepared as in training, x fastest; others than those that the file sees are ignored.</param>
    /// <param name="size">Their size, of any length along each axis.</param>
    /// <param name="cancellation">Stops between two passes of the network.</param>
    /// <returns>For each channel the probability of each voxel, from 0 to 1, x fastest.</returns>
    /// <exception cref="ArgumentException">A modality is missing, an image has another size, or a voxel is not a finite number.</exception>
    /// <exception cref="InvalidDataException">The file's output has another shape than its metadata promises.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public float[][] Probabilities(IReadOnlyDictionary<string, float[]> images, VolumeSize size, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        float[][] seen = [.. Modalities.Select(name => Image(images, name, size))];
        long[] lengths = [size.Z, size.Y, size.X];
        cancellation.ThrowIfCancellationRequested();
        if (_description.SpatialDimensions == 2)
            return Slices(seen, lengths, cancellation);
        return _windows is null ? Whole(seen, lengths) : Windows(seen, lengths, _windows, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static InferenceSession Open(string path, OnnxNetworkOptions options)
    {
        try
        {
            // The arena keeps the most that was ever needed, and takes more for a single image.
            using var session = new SessionOptions { IntraOpNumThreads = options.Threads, EnableCpuMemArena = false };
            // Threads that wait in circles would take the CPU from others, torch's included.
            session.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
            options.Configure?.Invoke(session);
            return new InferenceSession(path, session);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new InvalidDataException($"'{path}' cannot be opened as an ONNX file: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException })
        {
            throw new InvalidOperationException(
                "The native library of ONNX Runtime is missing: reference the package Microsoft.ML.OnnxRuntime, or one of those for GPUs, in the application.",
                exception);
        }
    }

    private static OnnxModelDescription Describe(InferenceSession session)
    {
        var description = OnnxModelDescription.Read(session.ModelMetadata.CustomMetadataMap);
        if (!session.InputMetadata.Keys.Order(StringComparer.Ordinal).SequenceEqual(description.Modalities.Order(StringComparer.Ordinal)))
        {
            throw new InvalidDataException($"its metadata names the modalities {string.Join(", ", description.Modalities)}, "
                + $"but its inputs are {string.Join(", ", session.InputMetadata.Keys)}.");
        }

        if (session.InputMetadata.FirstOrDefault(input => input.Value.Dimensions is not [_, -1 or 1, ..] axes
            || axes.Length != description.SpatialDimensions + 2) is { Key: { } wrong })
        {
            throw new InvalidDataException($"its input '{wrong}' has the shape [{string.Join(", ", session.InputMetadata[wrong].Dimensions)}], "
                + $"but images of one channel and {description.SpatialDimensions} spatial axes are needed.");
        }

        return session.OutputMetadata.Count == 1
            ? description
            : throw new InvalidDataException($"it has {session.OutputMetadata.Count} outputs, but one is needed.");
    }

    private static ArgumentException NoWindows() => new("The network sees slices, each of which it segments as a whole: leave out Windows.", "options");

    private static float[] Image(IReadOnlyDictionary<string, float[]> images, string name, VolumeSize size)
    {
        if (!images.TryGetValue(name, out float[]? image))
            throw new ArgumentException($"The modality '{name}' is missing; there are: {string.Join(", ", images.Keys)}.", nameof(images));
        if (image.Length != size.VoxelCount)
            throw new ArgumentException($"The image {name} has {image.Length} voxels, but {size} are {size.VoxelCount}.", nameof(images));
        return Array.TrueForAll(image, float.IsFinite)
            ? image
            : throw new ArgumentException(
                $"The image {name} holds a voxel that is not a finite number (NaN or infinity): mend the image, for example by setting such voxels to 0.",
                nameof(images));
    }

    private float[][] Whole(float[][] images, long[] size)
    {
        Padding padding = Padding.ToFit(_description.SizeMultiple, size);
        long[] padded = padding.PaddedSize;
        float[][] probabilities = Run([.. images.Select(image => VoxelBlock.Cut(image, size, [.. padding.Before.Select(count => -count)], padded))], 1, padded);
        return [.. probabilities.Select(channel => VoxelBlock.Cut(channel, padded, padding.Before, size))];
    }

    private float[][] Slices(float[][] images, long[] size, CancellationToken cancellation)
    {
        Padding padding = Padding.ToFit(_description.SizeMultiple, size[1..]);
        long[] padded = padding.PaddedSize;
        float[][] result = Empty(size);
        for (long first = 0; first < size[0]; first += SlicesPerPass)
        {
            cancellation.ThrowIfCancellationRequested();
            long count = Math.Min(SlicesPerPass, size[0] - first);
            long[] corner = [first, .. padding.Before.Select(length => -length)];
            float[][] probabilities = Run([.. images.Select(image => VoxelBlock.Cut(image, size, corner, [count, .. padded]))], count, padded);
            for (int channel = 0; channel < result.Length; channel++)
            {
                float[] cropped = VoxelBlock.Cut(probabilities[channel], [count, .. padded], [0, .. padding.Before], [count, .. size[1..]]);
                cropped.CopyTo(result[channel], first * size[1] * size[2]);
            }
        }

        return result;
    }

    private float[][] Windows(float[][] images, long[] size, SlidingWindowOptions options, CancellationToken cancellation)
    {
        var padding = new Padding(size, options.WindowSize);
        long[] padded = padding.PaddedSize, window = [.. options.WindowSize];
        long[] origin = [.. padding.Before.Select(count => -count)];
        float[][] paddedImages = [.. images.Select(image => VoxelBlock.Cut(image, size, origin, padded))];
        var plan = new WindowPlan(options, padded);
        float[][] sums = Empty(padded);
        float[] weights = new float[sums[0].Length];
        foreach (long[] corner in plan.Corners)
        {
            cancellation.ThrowIfCancellationRequested();
            float[][] cut = [.. paddedImages.Select(image => VoxelBlock.Cut(image, padded, corner, window))];
            float[][] probabilities = options.SkipBackground && Array.TrueForAll(cut, image => image.AsSpan().IndexOfAnyExcept(0f) < 0)
                ? ChannelArrays.Background(Labels, plan.Weights.Length)
                : Run(cut, 1, window);
            for (int channel = 0; channel < sums.Length; channel++)
                VoxelBlock.AddProduct(sums[channel], padded, corner, window, plan.Weights, probabilities[channel]);
            VoxelBlock.AddProduct(weights, padded, corner, window, plan.Weights, null);
        }

        foreach (float[] sum in sums)
        {
            for (int i = 0; i < sum.Length; i++)
                sum[i] /= weights[i];
        }

        return [.. sums.Select(sum => VoxelBlock.Cut(sum, padded, padding.Before, size))];
    }

    private float[][] Empty(long[] size) => [.. Labels.ChannelNames.Select(_ => new float[size.Aggregate(1L, (product, length) => product * length)])];

    // For each channel the probabilities of all samples one after another.
    private float[][] Run(float[][] images, long samples, long[] size)
    {
        OrtValue[] inputs = [.. images.Select(image => OrtValue.CreateTensorValueFromMemory(image, [samples, 1, .. size]))];
        try
        {
            using var options = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(options, Modalities, inputs, _session.OutputNames);
            long[] shape = outputs[0].GetTensorTypeAndShape().Shape;
            return shape.SequenceEqual([samples, Labels.Channels, .. size])
                ? ChannelArrays.Probabilities(Labels, outputs[0].GetTensorDataAsSpan<float>(), (int)samples)
                : throw new InvalidDataException($"The ONNX file gives an output of the shape [{string.Join(", ", shape)}], "
                    + $"but [{string.Join(", ", (long[])[samples, Labels.Channels, .. size])}] is needed: it is not one that was exported by this library.");
        }
        finally
        {
            foreach (OrtValue input in inputs)
                input.Dispose();
        }
    }
}
