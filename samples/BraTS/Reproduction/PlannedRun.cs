namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>One training of a reproduction, with the scores of its network on the fold that is left for the test.</summary>
internal sealed record PlannedRun
{
    /// <summary>Its name and its folder below the reproduction's, for example "fold-1/kd-net-4-skips".</summary>
    public string Id => $"fold-{Settings.Fold}/{Row}";

    /// <summary>Its name among those of several seeds, for example "seed-1/fold-1/kd-net-4-skips".</summary>
    public string IdWithSeed => $"seed-{Settings.Seed}/{Id}";

    /// <summary>The row of the tables to which it belongs: all that tells it apart but the fold, for example "kd-net-4-skips".</summary>
    public required string Row { get; init; }

    /// <summary>How the row is called in tables, for example "KD-Net".</summary>
    public required string Title { get; init; }

    /// <summary>What its objective is made of, for example "GT + KL + KD".</summary>
    public required string Objective { get; init; }

    /// <summary>What is trained.</summary>
    public required SegmentationSystem System { get; init; }

    /// <summary>All settings of this run, its fold and skip connections among them.</summary>
    public required ExperimentSettings Settings { get; init; }

    /// <summary>The modality that is at hand; what its network sees in the test, unless it is a teacher.</summary>
    public required string Modality { get; init; }

    /// <summary>The <see cref="Id"/> of the run that trains its teacher; null where it needs none.</summary>
    public string? Teacher { get; init; }
}
