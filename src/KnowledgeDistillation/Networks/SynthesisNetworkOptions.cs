namespace KnowledgeDistillation.Networks;

/// <summary>How to build a <see cref="SynthesisNetwork"/>.</summary>
public sealed record SynthesisNetworkOptions : NetworkRecipe
{
    /// <summary>How to build the generator: it sees the modalities at hand, and gives one output channel for each modality of <see cref="SynthesisedModalities"/>, in their order.</summary>
    public required NetworkRecipe Generator { get; init; }

    /// <summary>How to build the segmenter: it sees the synthesised modalities, and real ones besides.</summary>
    public required NetworkRecipe Segmenter { get; init; }

    /// <summary>The modalities that are synthesised, by name, for example <c>["flair"]</c>; at least one, each once.</summary>
    public required IReadOnlyList<string> SynthesisedModalities { get; init; }

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new SynthesisNetwork(this);

    internal void Validate() => new OptionFaults(nameof(SynthesisNetworkOptions))
        .Require(Generator is not null, "Generator must be given.")
        .Require(Segmenter is not null, "Segmenter must be given.")
        .Require(SynthesisedModalities is { Count: > 0 }, "SynthesisedModalities must name at least one modality.")
        .Require(SynthesisedModalities is null || SynthesisedModalities.Distinct(StringComparer.Ordinal).Count() == SynthesisedModalities.Count, "SynthesisedModalities must name each modality once.")
        .ThrowIfAny();
}
