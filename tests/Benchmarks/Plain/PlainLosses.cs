using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>The losses of the paper, written down with torch's operations.</summary>
internal static class PlainLosses
{
    private const double Temperature = 5;

    /// <summary>Eq. 4: soft Dice of the foreground plus binary cross-entropy.</summary>
    public static Tensor Reference(Tensor logits, Tensor labels)
    {
        Tensor target = OneHot(labels, logits.shape[1]);
        return DiceAndCrossEntropy(softmax(logits, 1), target, target);
    }

    /// <summary>Eq. 5.</summary>
    public static Tensor Distillation(Tensor logits, Tensor bottleneck, Tensor teacherLogits, Tensor teacherBottleneck, Tensor labels)
    {
        Tensor probabilities = softmax(logits, 1);
        Tensor target = OneHot(labels, logits.shape[1]);
        Tensor soft = softmax(teacherLogits / Temperature, 1);
        Tensor hard = OneHot(teacherLogits.argmax(1), logits.shape[1]);
        Tensor logStudent = log_softmax(bottleneck.flatten(1), 1);
        Tensor logTeacher = log_softmax(teacherBottleneck.flatten(1), 1);
        Tensor divergence = (logTeacher.exp() * (logTeacher - logStudent)).sum(1).mean();
        return (0.75 * DiceAndCrossEntropy(probabilities, soft, hard)) + (0.25 * DiceAndCrossEntropy(probabilities, target, target)) + (10 * divergence);
    }

    private static Tensor DiceAndCrossEntropy(Tensor probabilities, Tensor diceTarget, Tensor target)
    {
        long[] spatial = [2, 3, 4];
        Tensor common = 2 * (probabilities * diceTarget).sum(spatial);
        Tensor sum = probabilities.sum(spatial) + diceTarget.sum(spatial);
        Tensor dice = ((common + 1e-5) / (sum + 1e-5)).narrow(1, 1, probabilities.shape[1] - 1).mean();
        return 1 - dice + binary_cross_entropy(probabilities, target);
    }

    private static Tensor OneHot(Tensor labels, long classes) => one_hot(labels, classes).permute(0, 4, 1, 2, 3).to(ScalarType.Float32);
}
