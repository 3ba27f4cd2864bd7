using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>A segmented case, on the grid of its files.</summary>
public sealed class CaseSegmentation
{
    internal CaseSegmentation(string id, LabelConvention labels, ProbabilityVolume probabilities, byte[] classes) =>
        (Id, Labels, Probabilities, Classes) = (id, labels, probabilities, classes);

    /// <summary>The name of the case.</summary>
    public string Id { get; }

    /// <summary>What the classes mean, and the numbers with which they are written: those of the data that the networks have learned from.</summary>
    public LabelConvention Labels { get; }

    /// <summary>The probabilities, before any post-processing; of several networks their mean.</summary>
    public ProbabilityVolume Probabilities { get; }

    /// <summary>The class of each voxel, x fastest, after post-processing.</summary>
    public byte[] Classes { get; }

    /// <summary>Where the voxels lie.</summary>
    public VolumeGrid Grid => Probabilities.Grid;

    /// <summary>How uncertain each voxel is (<see cref="ProbabilityVolume.Entropy"/>); null unless it was asked for.</summary>
    public float[]? Entropy { get; internal init; }

    /// <summary>
    /// How much the networks disagree about each voxel (<see cref="EnsembleMean.Spread"/>); null unless it was asked for, and of one network alone.
    /// </summary>
    public float[]? Spread { get; internal init; }

    /// <summary>The volumes of the regions.</summary>
    public IReadOnlyList<RegionVolume> Volumes => RegionVolume.Measure(Classes, Grid, Labels.Regions);

    /// <summary>What post-processing took away, and what it became.</summary>
    public IReadOnlyList<RemovedVoxels> Removed { get; internal init; } = [];

    /// <summary>Why the result may be worth little, as sentences; none for images like those of the training.</summary>
    public IReadOnlyList<string> Doubts { get; internal init; } = [];

    /// <summary>The labels as they are written to files.</summary>
    public Volume<int> ToLabels() => Labels.Map.ToLabels(Grid, Classes);
}
