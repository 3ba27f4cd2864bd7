using KnowledgeDistillation.Labels;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

/// <summary>Makes the contexts that losses look at from tensors whose values a test knows.</summary>
internal static class Contexts
{
    public static ExclusiveClasses BratsClasses { get; } = new("background", "necrosis", "edema", "enhancing");

    public static OverlappingRegions BratsRegions { get; } =
        new([new Region("WT", 1, 2, 3), new Region("TC", 1, 3), new Region("ET", 3)], innermostClasses: [2, 1, 3]);

    public static DistillationContext Of(LabelScheme scheme, Tensor labels, Tensor studentLogits, params (string Name, Tensor Logits)[] teachers) => Of(
        scheme,
        labels,
        OutputOf(studentLogits, ones(studentLogits.shape[0], 1, 2)),
        [.. teachers.Select(teacher => (teacher.Name, OutputOf(teacher.Logits, ones(studentLogits.shape[0], 1, 2))))]);

    public static DistillationContext Of(LabelScheme scheme, Tensor labels, NetworkOutput student, params (string Name, NetworkOutput Output)[] teachers)
    {
        Tensor image = zeros([labels.shape[0], 1, .. labels.shape[1..]]);
        var batch = new Batch(new ModalityImages(("t1ce", image)), labels, [.. Enumerable.Range(0, (int)labels.shape[0]).Select(number => $"case {number}")]);
        return new DistillationContext(batch, scheme, student, teachers.ToDictionary(teacher => teacher.Name, teacher => teacher.Output));
    }

    /// <summary>An output of exactly these tensors, so that gradients can be asked for with respect to them.</summary>
    public static NetworkOutput OutputOf(Tensor logits, params IReadOnlyList<Tensor> levels) =>
        new(new TensorNetwork(logits, levels[^1]), new EncoderOutput(levels), logits);

    /// <summary>An output whose tensors are the parameters of its network.</summary>
    public static NetworkOutput OutputOf(TensorNetwork network) => new(network, new EncoderOutput(network.Bottleneck), network.Logits);
}
