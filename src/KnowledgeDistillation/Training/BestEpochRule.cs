namespace KnowledgeDistillation.Training;

/// <summary>Which epoch of a fit is the best, whose weights are kept.</summary>
public enum BestEpochRule
{
    /// <summary>That with the lowest validation loss, of all its terms together.</summary>
    Loss,

    /// <summary>
    /// That with the highest mean Dice over the validation cases and the regions (<see cref="TrainingOptions.DiceRegions"/>), of masks as the network would
    /// give them out. A cross-entropy falls on while the voxels of a small region are lost, and teachers add terms to the loss: with few cases for
    /// validation, the epoch of the lowest loss can be one whose masks are poor.
    /// </summary>
    Dice,
}
