using KnowledgeDistillation.Networks;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.Hved;

/// <summary>What the encoders of a <see cref="HvedUNet3D"/> found: besides the latent codes that its decoders see, the distributions behind them.</summary>
public sealed class HvedEncoderOutput : EncoderOutput
{
    /// <summary>Makes an encoding.</summary>
    /// <param name="codes">The latent codes [N, C, D, H, W] of every level, shallowest first: samples or means of <paramref name="fused"/>.</param>
    /// <param name="fused">The distributions of the codes.</param>
    /// <param name="fusedModalities">The modalities whose distributions were fused.</param>
    /// <param name="posteriors">The distributions of each modality that was given, by level, also of those that were not fused.</param>
    /// <exception cref="ArgumentException">The numbers of levels differ, or a fused modality has no distribution.</exception>
    public HvedEncoderOutput(
        IReadOnlyList<Tensor> codes,
        IReadOnlyList<DiagonalGaussian> fused,
        IReadOnlyList<string> fusedModalities,
        IReadOnlyDictionary<string, IReadOnlyList<DiagonalGaussian>> posteriors)
        : base(codes)
    {
        ArgumentNullException.ThrowIfNull(fused);
        ArgumentNullException.ThrowIfNull(fusedModalities);
        ArgumentNullException.ThrowIfNull(posteriors);
        if (fused.Count != codes.Count || posteriors.Values.Any(levels => levels.Count != codes.Count))
        {
            throw new ArgumentException(
                $"There are latent codes of {codes.Count} levels, so each modality and the fusion need distributions of as many.", nameof(posteriors));
        }

        if (fusedModalities.Count == 0 || !fusedModalities.All(posteriors.ContainsKey))
        {
            throw new ArgumentException(
                $"The fused modalities ({string.Join(", ", fusedModalities)}) must be some of those with distributions: {string.Join(", ", posteriors.Keys)}.",
                nameof(fusedModalities));
        }

        (Fused, FusedModalities, Posteriors) = (fused, fusedModalities, posteriors);
    }

    /// <summary>
    /// The distributions of the latent codes, shallowest level first: the product of those of <see cref="FusedModalities"/> and of a standard normal prior.
    /// </summary>
    public IReadOnlyList<DiagonalGaussian> Fused { get; }

    /// <summary>The modalities that were fused: a random subset of those given in training mode, all of them in evaluation mode.</summary>
    public IReadOnlyList<string> FusedModalities { get; }

    /// <summary>The distributions that the encoder of each given modality gave, shallowest level first, without the prior.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<DiagonalGaussian>> Posteriors { get; }

    /// <inheritdoc/>
    public override EncoderOutput Detach() => new HvedEncoderOutput(
        [.. Levels.Select(level => level.detach())],
        [.. Fused.Select(gaussian => gaussian.Detach())],
        FusedModalities,
        Posteriors.ToDictionary(
            posterior => posterior.Key,
            posterior => (IReadOnlyList<DiagonalGaussian>)[.. posterior.Value.Select(gaussian => gaussian.Detach())],
            StringComparer.Ordinal));
}
