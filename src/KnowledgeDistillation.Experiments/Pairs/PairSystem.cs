using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>A network of a pair.</summary>
/// <param name="Name">Its name in tables and files.</param>
/// <param name="Title">Its name in the report.</param>
/// <param name="System">What is trained.</param>
/// <param name="SoftTargetDice">The Dice with which it is compared with the soft targets.</param>
/// <param name="EachThird">Whether only every third pair has it, the first among them.</param>
internal sealed record PairSystem(string Name, string Title, SegmentationSystem System, DiceForm SoftTargetDice = DiceForm.Linear, bool EachThird = false)
{
    public static PairSystem Teacher { get; } = new("teacher", "Teacher", SegmentationSystems.Teacher);

    public static PairSystem Baseline { get; } = new("baseline", "Baseline", SegmentationSystems.Baseline);

    public static PairSystem KDNet { get; } = new("kd-net", "KD-Net", SegmentationSystems.KDNet);

    public static PairSystem KDNetSquared { get; } = new("kd-net-squared", "KD-Net, squared Dice", SegmentationSystems.KDNet, DiceForm.Squared);

    public static PairSystem BottleneckStudent { get; } = new("gt-kl", "GT + KL", SegmentationSystems.Of("gt-kl"), EachThird: true);

    public static PairSystem SoftTargetStudent { get; } = new("gt-kd", "GT + KD", SegmentationSystems.Of("gt-kd"), EachThird: true);

    /// <summary>All, the teacher before its students.</summary>
    public static IReadOnlyList<PairSystem> All { get; } = [Teacher, Baseline, KDNet, KDNetSquared, BottleneckStudent, SoftTargetStudent];

    /// <summary>Those of a pair, counted from 1.</summary>
    public static IEnumerable<PairSystem> Of(int pair) => All.Where(system => !system.EachThird || pair % 3 == 1);

    /// <summary>The settings with which it is trained.</summary>
    public ExperimentSettings With(ExperimentSettings settings) => settings with { SoftTargetDice = SoftTargetDice };
}
