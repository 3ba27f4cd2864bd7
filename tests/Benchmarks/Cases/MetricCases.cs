using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Plain;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>Distances between surfaces.</summary>
internal static class MetricCases
{
    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        new("HD95 of a tumor", "both directions, 240×240×155 voxels", Ours(TwoMasks.Tumor), Plainly(TwoMasks.Tumor))
        {
            Targets = [new Target("HD95 of a tumor, both directions", Measure.Value, 0.5)],
            WarmUp = 5,
        },
        new("HD95 of noise", "the same where half of all voxels are set at random: the worst that there is", Ours(TwoMasks.Noise), Plainly(TwoMasks.Noise))
        {
            Targets = [new Target("HD95 of noise, both directions", Measure.Value, 0.5)],
            Repetitions = 7,
        },
    ];

    private static Workload Ours(Func<Setting, TwoMasks> make) => (gate, setting) =>
    {
        TwoMasks masks = make(setting);
        double Distance() => SurfaceDistances.Between(Mask(masks.Left), Mask(masks.Right)).HausdorffDistance95;
        VoxelMask Mask(bool[] voxels) => new(voxels, masks.Size, new Spacing(1, 1, 1));
        gate.Computed = Digest.Of(Distance());
        gate.Repeat(() => Distance());
    };

    private static Workload Plainly(Func<Setting, TwoMasks> make) => (gate, setting) =>
    {
        TwoMasks masks = make(setting);
        double Distance() => PlainHausdorff.Distance95(masks.Left, masks.Right, masks.Size.X, masks.Size.Y, masks.Size.Z);
        gate.Computed = Digest.Of(Distance());
        gate.Repeat(() => Distance());
    };
}
