using KnowledgeDistillation.Medical.Augmentation;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// How cases are combined into batches. The defaults are those of training; <see cref="Evaluation"/> those of validation and tests. Immutable.
/// </summary>
public sealed record CaseBatchOptions
{
    /// <summary>All cases in their given order, as they are.</summary>
    public static CaseBatchOptions Evaluation { get; } = new() { Shuffle = false, Flip = false };

    /// <summary>Cases per batch, at least 1; the last batch of an epoch may have fewer. Default 1.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Determines, with the number of the epoch, order and flips. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Whether each epoch has its own random order. Default true.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Whether each axis is flipped with probability 1/2 (<see cref="FlipAugmentation"/>). Default true.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>Which patches are taken from the cases; null (default) for whole cases.</summary>
    public PatchSampling? Patches { get; init; }

    /// <summary>How cases are changed at random beyond flips; null (default) not at all.</summary>
    public AugmentationOptions? Augmentation { get; init; }

    /// <summary>How many batches are read ahead on a second thread while the network computes, 1 to 64. Default 2.</summary>
    public int ReadAhead { get; init; } = 2;

    internal void Validate()
    {
        Patches?.Validate();
        Augmentation?.Validate();
        new OptionFaults(nameof(CaseBatchOptions))
            .Require(BatchSize >= 1, $"{nameof(BatchSize)} must be at least 1, but is {BatchSize}.")
            .Require(ReadAhead is >= 1 and <= 64, $"{nameof(ReadAhead)} must be from 1 to 64, but is {ReadAhead}.")
            .ThrowIfAny();
    }
}
