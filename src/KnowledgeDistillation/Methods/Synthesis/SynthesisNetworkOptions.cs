using System.Text.Json.Serialization;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.Synthesis;

/// <summary>How to build a <see cref="SynthesisNetwork"/>.</summary>
public sealed record SynthesisNetworkOptions : NetworkRecipe
{
    /// <summary>
    /// How to build the generator: it sees the modalities at hand, and gives one output channel for each modality
    /// of <see cref="SynthesizedModalities"/>, in their order.
    /// </summary>
    public required NetworkRecipe Generator { get; init; }

    /// <summary>How to build the segmenter: it sees the synthesized modalities, and real ones besides.</summary>
    public required NetworkRecipe Segmenter { get; init; }

    /// <summary>The modalities that are synthesized, by name, for example <c>["flair"]</c>; at least one, each once.</summary>
    // Spelled as in the files that were written by earlier versions.
    [JsonPropertyName("SynthesisedModalities")]
    public required IReadOnlyList<string> SynthesizedModalities { get; init; }

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new SynthesisNetwork(this);

    internal void Validate() => new OptionFaults(nameof(SynthesisNetworkOptions))
        .Require(Generator is not null, "Generator must be given.")
        .Require(Segmenter is not null, "Segmenter must be given.")
        .Require(SynthesizedModalities is { Count: > 0 }, "SynthesizedModalities must name at least one modality.")
        .Require(
            SynthesizedModalities is null || SynthesizedModalities.Distinct(StringComparer.Ordinal).Count() == SynthesizedModalities.Count,
            "SynthesizedModalities must name each modality once.")
        .ThrowIfAny();
}
