namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The settings from which a reproduction starts.</summary>
internal static class ReproductionPresets
{
    public const string PaperName = "paper", QuickName = "quick";

    /// <summary>The paper's protocol. Where there are no patients, phantoms as many and as large as its crops.</summary>
    public static ExperimentSettings Paper { get; } = ExperimentSettings.Paper with { PhantomCases = 285, PhantomEdge = ExperimentSettings.Paper.CropEdge };

    /// <summary>The demo's settings with fewer epochs: by the plan's own estimate, half an hour of two cores on phantoms.</summary>
    public static ExperimentSettings Quick { get; } = new() { Epochs = 40 };

    /// <summary>The preset of a name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="phantoms">Whether it is for phantoms; patients are larger, so that their images are subsampled.</param>
    public static ExperimentSettings Of(string name, bool phantoms) => name == PaperName ? Paper
        : phantoms ? Quick
        : Quick with { CropEdge = Paper.CropEdge, SubsamplingFactor = 4 };
}
