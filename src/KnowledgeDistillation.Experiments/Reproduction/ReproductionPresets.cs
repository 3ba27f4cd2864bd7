using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>The settings from which a reproduction starts.</summary>
public static class ReproductionPresets
{
    /// <summary>The name of <see cref="Paper"/>.</summary>
    public const string PaperName = "paper";

    /// <summary>The name of <see cref="Quick"/>.</summary>
    public const string QuickName = "quick";

    /// <summary>The paper's protocol. Where there are no patients, phantoms as many and as large as its crops.</summary>
    public static ExperimentSettings Paper { get; } = ExperimentSettings.Paper with { PhantomCases = 285, PhantomEdge = ExperimentSettings.Paper.CropEdge };

    /// <summary>
    /// Small networks on phantoms in which T1ce shows the tumor, but faintly, among more vessels that look like it, so that a teacher
    /// with four modalities has something to teach: on the demo's phantoms it is no better than the baseline at the enhancing tumor and the core.
    /// λ and T are the paper's; with α = 2 the bottleneck loss has a share of the gradient like those of the other terms over most of the training.
    /// Within 100 epochs of 13 steps teachers, baselines and students converge: the learning rate falls
    /// after 65 to 90, and little changes after that.
    /// </summary>
    public static ExperimentSettings Quick { get; } = new()
    {
        PhantomCases = 24,
        PhantomNoise = 0.1,
        PhantomTumorContrast = 0.2,
        PhantomDistractors = 3,
        PhantomReferenceError = 4,
        BatchSize = 1,
        Training = new ExperimentSettings().Training with { Epochs = 100 },
        PlateauPatience = 15,
        Temperature = 5,
        Alpha = 2,
    };

    /// <summary>The preset of a name.</summary>
    /// <param name="name"><see cref="PaperName"/> or <see cref="QuickName"/>.</param>
    /// <param name="phantoms">Whether it is for phantoms; patients are larger, so that their images are subsampled.</param>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public static ExperimentSettings Of(string name, bool phantoms) => name switch
    {
        PaperName => Paper,
        QuickName => phantoms ? Quick : Quick with { CropEdge = Paper.CropEdge, SubsamplingFactor = 4 },
        _ => throw new ArgumentException($"There is no preset '{name}'; there are {PaperName} and {QuickName}.", nameof(name)),
    };
}
