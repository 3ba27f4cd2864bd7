using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.PrototypeDistillation;

/// <summary>The choices that <see cref="PrototypeLoss"/> leaves open.</summary>
public sealed record PrototypeOptions
{
    /// <summary>
    /// The name of the features of the student's decoder, at the resolution of the labels. Default <see cref="DecoderFeatureNames.Last"/>, as published.
    /// </summary>
    public string StudentFeatures { get; init; } = DecoderFeatureNames.Last;

    /// <summary>The name of the features of the teacher's decoder. Default <see cref="DecoderFeatureNames.Last"/>, as published.</summary>
    public string TeacherFeatures { get; init; } = DecoderFeatureNames.Last;

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(PrototypeOptions))
        .Require(!string.IsNullOrWhiteSpace(StudentFeatures), "StudentFeatures must name features of the student's decoder.")
        .Require(!string.IsNullOrWhiteSpace(TeacherFeatures), "TeacherFeatures must name features of the teacher's decoder.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
