using System.Runtime.InteropServices;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>
/// A trained network with all that is needed to use it: its label scheme and the facts that were kept with it. What a checkpoint folder holds.
/// </summary>
/// <remarks>
/// Owns the network, and puts it into evaluation mode. Several threads may predict with one model at once, as a server does, if nothing else uses the
/// network meanwhile, such as a fit.
/// </remarks>
public sealed class SegmentationModel : IDisposable
{
    /// <summary>Makes a model, which from now on owns the network and has put it into evaluation mode.</summary>
    /// <param name="network">The network.</param>
    /// <param name="labels">How its channels relate to classes.</param>
    /// <param name="metadata">Facts to keep, for example how images must be prepared; null for none.</param>
    public SegmentationModel(IEncoderDecoder network, LabelScheme labels, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(labels);
        TorchRuntime.EnsureAvailable();
        (Network, Labels, Metadata) = (network, labels, metadata ?? new Dictionary<string, string>());
        network.Module.eval();
    }

    /// <summary>The network.</summary>
    public IEncoderDecoder Network { get; }

    /// <summary>How its channels relate to classes.</summary>
    public LabelScheme Labels { get; }

    /// <summary>The facts that were kept with it.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>
    /// Opens a checkpoint folder (<c>best</c> or <c>last</c> of a fit, or one that <see cref="Save"/> wrote), building the network by its recipe.
    /// </summary>
    /// <param name="folder">The folder, or that of a whole fit to open its best checkpoint, or the file of a <see cref="ModelArchive"/>.</param>
    /// <param name="device">Where the network is to run; null for the CPU.</param>
    /// <exception cref="CheckpointException">The folder is missing, damaged, foreign, of a newer version, or does not say how to build the network.</exception>
    public static SegmentationModel Load(string folder, Device? device = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        if (ModelArchive.IsMeantBy(folder))
            return ModelArchive.Open(folder, unpacked => Load(unpacked, device));
        string path = Resolve(folder);
        ModelDescription description = ModelFiles.ReadDescription(path);
        TorchRuntime.EnsureAvailable();
        if (description.Recipe is null)
            throw new CheckpointException(path, "it does not say how to build the network: build it yourself and use LoadInto");
        IEncoderDecoder network = Build(path, description.Recipe);
        try
        {
            return Fill(path, description, network, device);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Opens a checkpoint folder of a network that only the caller can build.</summary>
    /// <param name="folder">The folder, or that of a whole fit to open its best checkpoint, or the file of a <see cref="ModelArchive"/>.</param>
    /// <param name="network">The network that gets the weights; the model owns it from now on. Where this throws, it still belongs to the caller.</param>
    /// <param name="device">Where the network is to run; null for the CPU.</param>
    /// <exception cref="CheckpointException">The folder is missing, damaged, foreign, of a newer version, or holds weights of another network.</exception>
    public static SegmentationModel LoadInto(string folder, IEncoderDecoder network, Device? device = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(network);
        if (ModelArchive.IsMeantBy(folder))
            return ModelArchive.Open(folder, unpacked => LoadInto(unpacked, network, device));
        string path = Resolve(folder);
        return Fill(path, ModelFiles.ReadDescription(path), network, device);
    }

    /// <summary>Writes the model to a folder, replacing what was there only when all is written.</summary>
    public void Save(string folder) => AtomicDirectory.Write(folder, path => ModelFiles.Write(path, Network, Labels, Metadata));

    /// <summary>Writes other facts to a checkpoint folder; network and weights stay as they are.</summary>
    /// <param name="folder">The folder, or that of a whole fit to change its best checkpoint.</param>
    /// <param name="change">Makes of the facts that are there those that shall be there.</param>
    /// <exception cref="CheckpointException">The folder is missing, damaged, foreign or of a newer version,
    /// or it is an archive, which stays as it is.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void ChangeMetadata(string folder, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>> change)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(change);
        if (ModelArchive.IsMeantBy(folder))
            throw new CheckpointException(folder, "an archive is not changed: change the folder that it was made of, and make it anew");
        ModelFiles.ChangeMetadata(Resolve(folder), change);
    }

    /// <summary>Segments images.</summary>
    /// <param name="images">The images, prepared as in training; only the network's modalities are needed.</param>
    /// <param name="inference">
    /// How to run over them. Null for the whole images at once, or for slice by slice along the first axis where the network sees slices and the images
    /// are volumes.
    /// </param>
    /// <returns>Class of each voxel, int64 [N, spatial...].</returns>
    /// <exception cref="ArgumentException">A modality is missing, the size does not fit, or a voxel is not a finite number.</exception>
    /// <exception cref="InvalidOperationException">The device has too little memory for it.</exception>
    public Tensor Predict(ModalityImages images, IInference? inference = null)
    {
        using var scope = NewDisposeScope();
        return Labels.Decode(PredictProbabilities(images, inference)).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the probabilities of each channel.</summary>
    /// <param name="images">The images, prepared as in training; only the network's modalities are needed.</param>
    /// <param name="inference">
    /// How to run over them. Null for the whole images at once, or for slice by slice along the first axis where the network sees slices and the images
    /// are volumes.
    /// </param>
    /// <param name="cancellation">Stops between two passes of the network.</param>
    /// <returns>Probabilities [N, K, spatial...].</returns>
    /// <exception cref="ArgumentException">A modality is missing, the size does not fit, or a voxel is not a finite number.</exception>
    /// <exception cref="InvalidOperationException">The device has too little memory for it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Tensor PredictProbabilities(ModalityImages images, IInference? inference = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        RequireFinite(images);
        try
        {
            return (inference ?? DefaultFor(images)).Predict(Network, Labels, images, cancellation);
        }
        catch (ExternalException exception) when (MemoryShortage.IsCauseOf(exception))
        {
            throw MemoryShortage.InPrediction(exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();

    private IInference DefaultFor(ModalityImages images) =>
        Network.SpatialDimensions == 2 && images.SpatialSize.Length == 3 ? new SliceInference() : new WholeVolumeInference();

    // One voxel that is not a number makes nonsense of all that a convolution reaches, which nobody would see in the classes.
    private void RequireFinite(ModalityImages images)
    {
        foreach (string name in Network.Modalities.Where(images.Contains))
        {
            using var scope = NewDisposeScope();
            if (!images[name].isfinite().all().item<bool>())
            {
                throw new ArgumentException(
                    $"The image {name} holds a voxel that is not a finite number (NaN or infinity): mend the image, for example by setting such voxels to 0.",
                    nameof(images));
            }
        }
    }

    private static string Resolve(string folder) => TrainingRun.FindModel(folder) is string model && AtomicDirectory.Resolve(model) is string path
        ? path
        : throw new CheckpointException(folder, "there is no such folder");

    private static SegmentationModel Fill(string path, ModelDescription description, IEncoderDecoder network, Device? device)
    {
        if (network.OutputChannels != description.Labels.Channels)
        {
            throw new CheckpointException(
                path, $"the network has {network.OutputChannels} output channels, but the label scheme has {description.Labels.Channels}");
        }

        ModelFiles.ReadWeights(path, network.Module);
        if (device is not null)
            network.Module.to(device);
        return new SegmentationModel(network, description.Labels, description.Metadata);
    }

    private static IEncoderDecoder Build(string path, NetworkRecipe recipe)
    {
        try
        {
            // What a description asks for is not believed before its weights are seen.
            using WeightLimit.Scope limit = WeightLimit.Use(ModelFiles.CountWeights(path));
            return recipe.Build();
        }
        catch (ArgumentException exception)
        {
            throw new CheckpointException(path, $"its network cannot be built: {exception.Message}", exception);
        }
    }
}
