using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>
/// L_GT of KD-Net, eq. 4: Σ_i [(1 − Dice(y_i, σ(f_s(x_i)))) + BCE(y_i, σ(f_s(x_i)))], the distance between the student's segmentation and the reference y.
/// It needs no teacher and is what teacher and baseline are trained with.
/// </summary>
public sealed class ReferenceLoss : IDistillationLoss
{
    private readonly SoftDiceOptions _diceOptions;
    private readonly BatchReduction _reduction;
    private readonly SoftDiceLoss _dice;
    private readonly BinaryCrossEntropyLoss _crossEntropy;

    /// <summary>Makes the loss.</summary>
    /// <param name="dice">Details of the Dice term; null for the defaults.</param>
    /// <param name="reduction">How samples are reduced; the paper sums, the default is the mean.</param>
    public ReferenceLoss(SoftDiceOptions? dice = null, BatchReduction reduction = BatchReduction.Mean)
    {
        (_diceOptions, _reduction) = (dice ?? new SoftDiceOptions(), reduction);
        _dice = new SoftDiceLoss(_diceOptions, reduction);
        _crossEntropy = new BinaryCrossEntropyLoss(reduction);
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _dice.Compute(context.OnlyCounted(context.StudentProbabilities), context.OnlyCounted(context.Target), context.Labels)
            .Plus(context.OverCountedVoxels(_crossEntropy.Compute(context.StudentLogProbabilities, context.Target)));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ReferenceLoss)} {_reduction} {JsonSerializer.Serialize(_diceOptions)}";
}
