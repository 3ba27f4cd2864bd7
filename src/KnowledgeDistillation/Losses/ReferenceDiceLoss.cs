using System.Text.Json;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>The soft Dice loss of the reference and the student's probabilities: <see cref="SoftDiceLoss"/> as a term of an objective.</summary>
/// <remarks>Does not grow with the volume.</remarks>
public sealed class ReferenceDiceLoss : IDistillationLoss
{
    private readonly SoftDiceOptions _options;
    private readonly BatchReduction _reduction;
    private readonly SoftDiceLoss _dice;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">The formula and its details; null for the defaults.</param>
    /// <param name="reduction">How samples are reduced.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public ReferenceDiceLoss(SoftDiceOptions? options = null, BatchReduction reduction = BatchReduction.Mean)
    {
        (_options, _reduction) = (options ?? new SoftDiceOptions(), reduction);
        _dice = new SoftDiceLoss(_options, reduction);
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _dice.Compute(context.OnlyCounted(context.StudentProbabilities), context.OnlyCounted(context.Target), context.Labels);
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ReferenceDiceLoss)} {_reduction} {JsonSerializer.Serialize(_options)}";
}
