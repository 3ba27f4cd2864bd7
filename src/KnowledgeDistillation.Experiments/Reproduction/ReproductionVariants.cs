namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>What a reproduction trains on request beside the paper's tables.</summary>
internal static class ReproductionVariants
{
    /// <summary>Teacher, baseline and student as MultiResUNets.</summary>
    public const string MultiResUNet = "multiresunet";

    /// <summary>The students that learn from the teacher in other ways, and the systems of other papers.</summary>
    public static IReadOnlyList<string> Systems { get; } =
        ["shared-levels", "synthesis", "hinton", "generalized", "structured", "consistency", "feature-matching", "attention", "disentangled"];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Names { get; } = [MultiResUNet, .. Systems];
}
