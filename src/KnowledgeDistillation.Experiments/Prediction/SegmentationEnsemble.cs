using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>One or several trained networks that segment whole cases together: the mean of their probabilities on the grid of the files decides.</summary>
/// <remarks>Owns the networks that <see cref="Load"/> opened. Not safe for use by several threads at once.</remarks>
public sealed class SegmentationEnsemble : IDisposable
{
    private readonly Member[] _members;
    private readonly PredictionOptions _options;
    private readonly PostProcessor _postProcessor;
    private readonly List<SegmentationModel> _owned = [];

    /// <summary>Unites networks, whatever runs them. They still belong to the caller.</summary>
    /// <param name="networks">Each with a name for messages; at least one. All tell apart the same classes and see the same modalities.</param>
    /// <param name="options">How to segment; null for the defaults.</param>
    /// <exception cref="ExperimentException">The networks do not agree, or an option does not fit them.</exception>
    /// <exception cref="InvalidDataException">What a checkpoint says of its data makes no sense.</exception>
    public SegmentationEnsemble(IReadOnlyList<(string Name, ICasePredictor Network)> networks, PredictionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(networks);
        if (networks.Count == 0)
            throw new ArgumentException("At least one network is needed.", nameof(networks));
        _options = options ?? new PredictionOptions();
        NetworkAgreement.Require(networks);
        ICasePredictor first = networks[0].Network;
        AllModalities = first.Modalities;
        Modalities = ModalitiesOf(first, _options.Modality);
        NeedsAllModalities = first.NeedsAllModalities || _options.Modality is not null;
        Labels = RunMetadata.LabelsOf(first.Metadata);
        List<string> warnings = [];
        PostProcessing = _options.PostProcessing ?? Stored(networks, warnings);
        try
        {
            _postProcessor = new PostProcessor(PostProcessing, Labels);
        }
        catch (ArgumentException exception)
        {
            throw new ExperimentException(exception.Message, exception);
        }

        _members = [.. networks.Select(network => MemberOf(network.Network))];
        string[] unflipped = [.. networks.Where(network => !RunMetadata.WasFlipped(network.Network.Metadata)).Select(network => $"'{network.Name}'")];
        if (_options.Mirrors && unflipped.Length > 0)
        {
            warnings.Add($"{string.Join(", ", unflipped)} {(unflipped.Length == 1 ? "was" : "were")} trained without mirror images, "
                + "so mirror images are not asked: the network knows no mirrored anatomy.");
        }

        Warnings = warnings;
    }

    /// <summary>The modalities that each case is segmented from, or, where <see cref="NeedsAllModalities"/> is false, may be.</summary>
    public IReadOnlyList<string> Modalities { get; }

    /// <summary>The modalities that the networks were built for, in the order of their channels.</summary>
    public IReadOnlyList<string> AllModalities { get; }

    /// <summary>Whether each case needs all of <see cref="Modalities"/>.</summary>
    public bool NeedsAllModalities { get; }

    /// <summary>The labels of the data that the networks have learned from, with which results are written, and the regions.</summary>
    public LabelConvention Labels { get; }

    /// <summary>How the channels of the networks relate to classes.</summary>
    public LabelScheme Scheme => _members[0].Network.Labels;

    /// <summary>What is cleaned away: that of the options, or what is stored with the networks.</summary>
    public PostProcessingOptions PostProcessing { get; }

    internal bool MeasuresUncertainty => _options.Uncertainty;

    /// <summary>The number of networks.</summary>
    public int Count => _members.Length;

    /// <summary>What is worth knowing of the networks and the options, in sentences.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Opens networks.</summary>
    /// <param name="models">Folders of checkpoints or of whole trainings (whose best is taken); several make an ensemble.</param>
    /// <param name="options">How to segment; null for the defaults.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <exception cref="ExperimentException">The networks do not agree, or an option does not fit them.</exception>
    /// <exception cref="Storage.CheckpointException">A checkpoint is missing or damaged.</exception>
    /// <exception cref="InvalidDataException">What a checkpoint says of its data makes no sense.</exception>
    public static SegmentationEnsemble Load(IReadOnlyList<string> models, PredictionOptions? options = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        List<SegmentationModel> opened = [];
        try
        {
            foreach (string path in models)
                opened.Add(SegmentationModel.Load(path, device));
            SegmentationEnsemble ensemble = new([.. models.Zip(opened, (path, model) => (path, (ICasePredictor)new CaseSegmenter(model)))], options);
            ensemble._owned.AddRange(opened);
            return ensemble;
        }
        catch
        {
            opened.ForEach(model => model.Dispose());
            throw;
        }
    }

    /// <summary>Segments a case of files.</summary>
    /// <param name="source">The case; a reference that it has is not read.</param>
    /// <param name="cancellation">Stops between two passes of a network.</param>
    /// <exception cref="ExperimentException">The case has not the modalities that the networks need.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or an image is refused (<see cref="PredictionOptions.Strict"/>);
    /// the message names the case.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public CaseSegmentation Segment(ImageCase source, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        string[] present = RequirePresent(source.Id, source.Images.Keys);
        return Segment(source.Id, new MedicalCase(source.Id, source.Images, Labels).Load(present), cancellation);
    }

    /// <summary>Segments a case that is in memory.</summary>
    /// <param name="id">The name of the case, for messages.</param>
    /// <param name="volumes">Its images as they are in files.</param>
    /// <param name="cancellation">Stops between two passes of a network.</param>
    /// <exception cref="ExperimentException">The case has not the modalities that the networks need.</exception>
    /// <exception cref="InvalidDataException">An image is empty, constant or not finite, or refused (<see cref="PredictionOptions.Strict"/>);
    /// the message names the case.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public CaseSegmentation Segment(string id, CaseVolumes volumes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(volumes);
        string[] present = RequirePresent(id, volumes.Images.Keys);
        var seen = new CaseVolumes(present.ToDictionary(name => name, name => volumes.Images[name], StringComparer.Ordinal), null, Labels.Map);
        List<string> doubts = [];
        Dictionary<string, PreprocessedCase> prepared = [];
        EnsembleMean mean = new(_options.Uncertainty && Count > 1);
        foreach (Member member in _members)
        {
            cancellation.ThrowIfCancellationRequested();
            PreprocessingOptions preprocessing = member.Preprocessing with { Modalities = present };
            if (!prepared.TryGetValue(preprocessing.ToKey(), out PreprocessedCase? one))
                prepared.Add(preprocessing.ToKey(), one = new Preprocessor(preprocessing).Process(id, seen));
            doubts.AddRange(member.Doubts(seen, one).Except(doubts));
            if (_options.Strict && doubts.Count > 0)
                throw new InvalidDataException($"Case {id}: {string.Join(' ', doubts)}");
            mean.Add(ProbabilityVolume.OnNativeGrid(member.Network.Labels, member.Network.Probabilities(one, cancellation), one.Geometry));
        }

        ProbabilityVolume probabilities = mean.Mean();
        byte[] classes = probabilities.Classes();
        IReadOnlyList<RemovedVoxels> removed = _postProcessor.Apply(classes, probabilities.Grid);
        return new CaseSegmentation(id, Labels, probabilities, classes)
        {
            Entropy = _options.Uncertainty ? probabilities.Entropy() : null,
            Spread = _options.Uncertainty && Count > 1 ? mean.Spread() : null,
            Removed = removed,
            Doubts = doubts,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.ForEach(model => model.Dispose());

    private static IReadOnlyList<string> ModalitiesOf(ICasePredictor network, string? modality)
    {
        if (modality is null)
            return network.Modalities;
        string titles = string.Join(", ", network.Modalities.Select(BraTSModality.Title));
        if (!network.Modalities.Contains(modality))
            throw new ExperimentException($"The network sees {titles}, but the images are said to be {modality}.");
        return network.Modalities.Count == 1 || !network.NeedsAllModalities
            ? [modality]
            : throw new ExperimentException($"The network needs {titles}, not {BraTSModality.Title(modality)} alone.");
    }

    private static PostProcessingOptions Stored(IReadOnlyList<(string Name, ICasePredictor Network)> networks, List<string> warnings)
    {
        PostProcessingOptions? stored = PostProcessingMetadata.ReadCommon(networks.Select(network => network.Network.Metadata), out bool differ);
        if (differ)
            warnings.Add("The networks store different post-processing, so none is done: say which is wanted.");
        return stored ?? new PostProcessingOptions();
    }

    private string[] RequirePresent(string id, IEnumerable<string> images)
    {
        HashSet<string> all = [.. images];
        string[] present = [.. Modalities.Where(all.Contains)];
        return present.Length == Modalities.Count || (!NeedsAllModalities && present.Length > 0)
            ? present
            : throw new ExperimentException(
                $"Case {id} lacks {string.Join(", ", Modalities.Except(present).Select(BraTSModality.Title))}, which the network needs.");
    }

    private Member MemberOf(ICasePredictor network)
    {
        PreprocessingOptions trained = PreprocessingMetadata.Read(network.Metadata, network.Modalities);
        bool mirrors = _options.Mirrors && RunMetadata.WasFlipped(network.Metadata);
        return new Member(
            mirrors ? new MirroredPredictor(network, new Flips(true, true, true)) : network,
            trained with { Background = _options.Background ?? trained.Background, NaNIsZero = _options.NaNIsZero || trained.NaNIsZero },
            TrainingGrids.Read(network.Metadata),
            TrainingIntensities.Read(network.Metadata));
    }

    /// <summary>A network with what is known of its training images.</summary>
    private sealed record Member(ICasePredictor Network, PreprocessingOptions Preprocessing, TrainingGrids? Grids, TrainingIntensities Intensities)
    {
        public IEnumerable<string> Doubts(CaseVolumes volumes, PreprocessedCase prepared)
        {
            if (Grids?.Difference(volumes.Grid) is { } difference)
                yield return difference;
            foreach ((string modality, float border) in prepared.Backgrounds)
                yield return Of(modality, BackgroundText.Of(border));
            // A background that was mended is no sign of another kind of image, though it may be negative.
            if (Preprocessing.Background is not null || prepared.Backgrounds.Count > 0)
                yield break;
            foreach ((string modality, Volume<float> volume) in volumes.Images)
            {
                if (Intensities.Difference(modality, Preprocessing.NormalizationOf(modality), volume.Voxels) is { } other)
                    yield return Of(modality, other);
            }

            string Of(string modality, string sentence) => volumes.Images.Count == 1 ? sentence : $"{BraTSModality.Title(modality)}: {sentence}";
        }
    }
}
