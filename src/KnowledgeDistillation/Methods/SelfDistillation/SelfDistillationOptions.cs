using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.SelfDistillation;

/// <summary>The choices that <see cref="SelfDistillationLoss"/> leaves open.</summary>
public sealed record SelfDistillationOptions
{
    /// <summary>The weight of the softened predictions, at least 0. Default 0.5, as in the released code.</summary>
    public double PredictionWeight { get; init; } = 0.5;

    /// <summary>The weight of the prototypes, at least 0. Default 0.1, as in the released code.</summary>
    public double PrototypeWeight { get; init; } = 0.1;

    /// <summary>The temperature T of both sides, above 0. Default 4, as in the released code.</summary>
    public double Temperature { get; init; } = 4;

    /// <summary>
    /// How fast the weights β of the modalities follow their preference, at least 0; 0 keeps them at 1. Default 1e-4 in each step; the released code moves them
    /// by 0.015 and more at the end of each epoch.
    /// </summary>
    public double PreferenceRate { get; init; } = 1e-4;

    /// <summary>The name of the features of the network's decoder. Default <see cref="DecoderFeatureNames.Last"/>, as published.</summary>
    public string Features { get; init; } = DecoderFeatureNames.Last;

    internal OptionFaults Faults() => new OptionFaults(nameof(SelfDistillationOptions))
        .Require(PredictionWeight >= 0 && double.IsFinite(PredictionWeight), $"PredictionWeight must be finite and at least 0, but is {PredictionWeight}.")
        .Require(PrototypeWeight >= 0 && double.IsFinite(PrototypeWeight), $"PrototypeWeight must be finite and at least 0, but is {PrototypeWeight}.")
        .Require(Temperature > 0 && double.IsFinite(Temperature), $"Temperature must be above 0, but is {Temperature}.")
        .Require(PreferenceRate >= 0 && double.IsFinite(PreferenceRate), $"PreferenceRate must be finite and at least 0, but is {PreferenceRate}.")
        .Require(!string.IsNullOrWhiteSpace(Features), "Features must name features of the network's decoder.");
}
