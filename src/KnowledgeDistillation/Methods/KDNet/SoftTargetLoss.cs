using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>
/// L_KD of KD-Net, eq. 2: Σ_i [(1 − Dice(s_i, σ(f_s(x_i)))) + BCE(s*_i, σ(f_s(x_i)))] with the teacher's soft targets s = σ(f_t/T) (eq. 1) and its binary
/// prediction s*, the most probable class or the regions whose logit is positive.
/// </summary>
/// <remarks>With the paper's Dice the loss has a floor above 0, because soft targets do not reach a Dice of 1: see <see cref="DiceForm.Linear"/>.</remarks>
public sealed class SoftTargetLoss : IDistillationLoss
{
    private readonly SoftTargetOptions _options;
    private readonly SoftDiceLoss _dice;
    private readonly BinaryCrossEntropyLoss _crossEntropy;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Temperature and details; null for the paper's.</param>
    public SoftTargetLoss(SoftTargetOptions? options = null)
    {
        _options = options ?? new SoftTargetOptions();
        _options.Faults().ThrowIfAny();
        _dice = new SoftDiceLoss(_options.Dice, _options.Reduction);
        _crossEntropy = new BinaryCrossEntropyLoss(_options.Reduction);
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!_options.TemperatureOnStudent)
        {
            return Compute(
                context.Student.Logits,
                context.StudentProbabilities,
                context.StudentLogProbabilities,
                context.Teacher.Logits,
                context.Labels,
                context.OverCountedVoxels);
        }

        Tensor logits = context.Student.Logits.Over(_options.Temperature);
        return Compute(
            logits,
            context.Labels.Probabilities(logits),
            context.Labels.LogProbabilities(logits),
            context.Teacher.Logits,
            context.Labels,
            context.OverCountedVoxels);
    }

    /// <summary>Computes the loss from logits, for a training loop of your own.</summary>
    /// <param name="studentLogits">Raw logits of the student, [N, K, spatial...].</param>
    /// <param name="teacherLogits">Raw logits of the teacher, of the same shape; no gradient flows into them.</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public Tensor Compute(Tensor studentLogits, Tensor teacherLogits, LabelScheme labels)
    {
        ArgumentNullException.ThrowIfNull(studentLogits);
        ArgumentNullException.ThrowIfNull(labels);
        Tensor logits = _options.TemperatureOnStudent ? studentLogits.Over(_options.Temperature) : studentLogits;
        return Compute(logits, labels.Probabilities(logits), labels.LogProbabilities(logits), teacherLogits, labels, average => average);
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(SoftTargetLoss)} {JsonSerializer.Serialize(_options)}";

    private Tensor Compute(
        Tensor logits,
        Tensor probabilities,
        (Tensor, Tensor) logProbabilities,
        Tensor teacherLogits,
        LabelScheme labels,
        Func<Tensor, Tensor> overCountedVoxels)
    {
        LossShapes.RequireSame(logits, "student's logits", teacherLogits, "teacher's logits");
        teacherLogits = teacherLogits.detach();
        Tensor softTargets = labels.Probabilities(teacherLogits, _options.Temperature);
        Tensor crossEntropyTargets = _options.SoftCrossEntropy ? softTargets : labels.Binarize(teacherLogits);
        Tensor loss = _dice.Compute(probabilities, softTargets, labels).Plus(overCountedVoxels(_crossEntropy.Compute(logProbabilities, crossEntropyTargets)));
        return _options.ScaleBySquaredTemperature ? loss.Times(_options.Temperature * _options.Temperature) : loss;
    }
}
