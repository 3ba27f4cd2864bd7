using KnowledgeDistillation.Networks;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// What the encoders of a <see cref="DisentangledFusionNet3D"/> found: its levels are the fused content; besides, the appearance of each modality.
/// </summary>
public sealed class DisentangledEncoderOutput : EncoderOutput
{
    /// <summary>Makes an encoding.</summary>
    /// <param name="contents">The fused content [N, C, D, H, W] of every level, shallowest first.</param>
    /// <param name="fusedModalities">The modalities whose content was fused.</param>
    /// <param name="appearances">The distribution of the appearance code, [N, dimension], of each modality that was given,
    /// also of those whose content was not fused.</param>
    /// <param name="appearanceCodes">The appearance codes themselves, [N, dimension]: samples or means of <paramref name="appearances"/>.</param>
    /// <exception cref="ArgumentException">The modalities of distributions and codes differ.</exception>
    public DisentangledEncoderOutput(
        IReadOnlyList<Tensor> contents,
        IReadOnlyList<string> fusedModalities,
        IReadOnlyDictionary<string, DiagonalGaussian> appearances,
        IReadOnlyDictionary<string, Tensor> appearanceCodes)
        : base(contents)
    {
        ArgumentNullException.ThrowIfNull(fusedModalities);
        ArgumentNullException.ThrowIfNull(appearances);
        ArgumentNullException.ThrowIfNull(appearanceCodes);
        if (!appearances.Keys.Order(StringComparer.Ordinal).SequenceEqual(appearanceCodes.Keys.Order(StringComparer.Ordinal), StringComparer.Ordinal))
        {
            throw new ArgumentException(
                $"There are distributions of the appearance of {string.Join(", ", appearances.Keys)}, so codes of the same modalities are needed, "
                    + $"not of {string.Join(", ", appearanceCodes.Keys)}.",
                nameof(appearanceCodes));
        }

        (FusedModalities, Appearances, AppearanceCodes) = (fusedModalities, appearances, appearanceCodes);
    }

    /// <summary>The modalities whose content was fused: a random subset of those given in training mode, all of them in evaluation mode.</summary>
    public IReadOnlyList<string> FusedModalities { get; }

    /// <summary>The distribution of the appearance code of each given modality.</summary>
    public IReadOnlyDictionary<string, DiagonalGaussian> Appearances { get; }

    /// <summary>
    /// The appearance code of each given modality, from which its image is reconstructed: a sample in training mode, the mean in evaluation mode.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> AppearanceCodes { get; }

    /// <inheritdoc/>
    public override EncoderOutput Detach() => new DisentangledEncoderOutput(
        [.. Levels.Select(level => level.detach())],
        FusedModalities,
        Appearances.ToDictionary(appearance => appearance.Key, appearance => appearance.Value.Detach(), StringComparer.Ordinal),
        AppearanceCodes.ToDictionary(code => code.Key, code => code.Value.detach(), StringComparer.Ordinal));
}
