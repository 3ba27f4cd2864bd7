using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.PrivilegedKnowledge;

/// <summary>The choices that <see cref="ContrastivePairLoss"/> leaves open.</summary>
public sealed record ContrastivePairOptions
{
    /// <summary>The length of a sample's vector, at least 1; the layer before it is twice as wide. Default 16, as in the released code.</summary>
    public int Dimension { get; init; } = 16;

    /// <summary>
    /// How far vectors of two samples are to lie apart, above 0 and at most 2, the greatest distance of unit vectors. Default 1, as published.
    /// </summary>
    public double Margin { get; init; } = 1;

    /// <summary>The name of the features of the student's decoder. Default <see cref="DecoderFeatureNames.Last"/>, as published.</summary>
    public string StudentFeatures { get; init; } = DecoderFeatureNames.Last;

    /// <summary>The name of the features of the teacher's decoder. Default <see cref="DecoderFeatureNames.Last"/>, as published.</summary>
    public string TeacherFeatures { get; init; } = DecoderFeatureNames.Last;

    internal OptionFaults Faults() => new OptionFaults(nameof(ContrastivePairOptions))
        .Require(Dimension >= 1, $"Dimension must be at least 1, but is {Dimension}.")
        .Require(Margin is > 0 and <= 2, $"Margin must be above 0 and at most 2, but is {Margin}.")
        .Require(!string.IsNullOrWhiteSpace(StudentFeatures), "StudentFeatures must name features of the student's decoder.")
        .Require(!string.IsNullOrWhiteSpace(TeacherFeatures), "TeacherFeatures must name features of the teacher's decoder.");
}
