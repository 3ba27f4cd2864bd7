using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>
/// The region-aware fusion of one level (Ding et al. 2021). With the features x_m of the modalities and the probability map p_r of a region r:
/// description d_r = (mean(x_m p_r) / (mean(p_r) + 1e-7) of every m, mean(p_r) + 1e-7), weights w_r =
/// <see cref="ModalityWeights"/>(d_r), fused y_r = p_r Σ_m w_rm x_m.
/// Three units make half the channels of all y_r, and three more the other half of all x_m, as a short cut.
/// A missing modality's features are zero, so its weight has no effect.
/// </summary>
internal sealed class RegionAwareFusion : Module<IReadOnlyList<Tensor?>, Tensor, Tensor>
{
    private const double Epsilon = 1e-7;

    private readonly ModuleList<ModalityWeights> weights = [];
    private readonly ModuleList<ConvolutionUnit> join = [];
    private readonly ModuleList<ConvolutionUnit> shortcut = [];

    public RegionAwareFusion(int modalities, int width, int regions)
        : base(nameof(RegionAwareFusion))
    {
        for (int region = 0; region < regions; region++)
            weights.Add(new ModalityWeights(modalities, width));
        AddUnits(join, regions * width, width);
        AddUnits(shortcut, modalities * width, width);
        RegisterComponents();
    }

    /// <param name="features">The features [N, width, D, H, W] of each modality, null where it is missing; at least one is there.</param>
    /// <param name="maps">The probability maps [N, regions, D, H, W], without a gradient.</param>
    /// <returns>The fused features [N, width, D, H, W].</returns>
    public override Tensor forward(IReadOnlyList<Tensor?> features, Tensor maps) =>
        cat([Through(join, RegionFeatures(features, maps)), Through(shortcut, Absent.Concatenated(features))], 1);

    /// <summary>The fused features y_r of every region, one after the other, [N, regions · width, D, H, W].</summary>
    internal Tensor RegionFeatures(IReadOnlyList<Tensor?> features, Tensor maps)
    {
        using var scope = NewDisposeScope();
        return cat([.. WeightsOf(features, maps).Index().Select(region => Fused(features, region.Item, maps.narrow(1, region.Index, 1)))], 1)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The weights w_r of every modality in every region.</summary>
    /// <param name="features">The features of each modality, null where it is missing.</param>
    /// <param name="maps">The probability maps [N, regions, D, H, W].</param>
    /// <returns>By region, each [N, modalities].</returns>
    internal Tensor[] WeightsOf(IReadOnlyList<Tensor?> features, Tensor maps)
    {
        Tensor wide = ReducedPrecision.Widen(maps);
        Tensor sizes = wide.flatten(2).mean([2]).Plus(Epsilon);
        // The sum over the voxels of every product of a feature and a map, as a product of matrices: nothing as large as all products is ever in memory.
        Tensor?[] present = [.. features.Select(feature => feature is null ? null : MeanProducts(ReducedPrecision.Widen(feature), wide))];
        Tensor none = zeros_like(present.First(mean => mean is not null)!);
        Tensor[] means = [.. present.Select(mean => mean ?? none)];
        Tensor descriptions = cat(means, 1) / sizes.unsqueeze(1);
        return [.. weights.Index().Select(region => region.Item.call(
            cat([descriptions.select(2, region.Index), sizes.narrow(1, region.Index, 1)], 1)))];
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<OnnxValue?> features, OnnxValue maps)
    {
        OnnxValue[] filled = Absent.Filled(graph, features);
        OnnxValue all = graph.Concatenate(filled);
        OnnxValue[] regions = [.. graph.Split(maps, weights.Count).Zip(weights, Region)];
        return graph.Concatenate(Through(join, graph.Concatenate(regions)), Through(shortcut, all));

        OnnxValue Region(OnnxValue map, ModalityWeights perceptron)
        {
            OnnxValue size = graph.Plus(Mean(map), graph.Scalar(Epsilon));
            OnnxValue means = graph.Over(Mean(graph.Times(all, map)), size);
            OnnxValue given = perceptron.WriteOnnx(graph, graph.Add("Flatten", [graph.Concatenate(means, size)], ("axis", 1L)));
            OnnxValue spread = graph.Add("Reshape", [given, graph.Integers(0, filled.Length, 1, 1, 1)]);
            OnnxValue[] weighted = [.. filled.Zip(graph.Split(spread, filled.Length), graph.Times)];
            return graph.Times(graph.Sum(weighted), map);
        }

        OnnxValue Mean(OnnxValue value) => graph.Add("ReduceMean", [value], ("axes", new long[] { 2, 3, 4 }), ("keepdims", 1L));
        OnnxValue Through(ModuleList<ConvolutionUnit> units, OnnxValue value) => units.Aggregate(value, (current, unit) => graph.Apply(unit, current));
    }

    // Each product is as large as the features of a modality: where no gradient needs it, it goes at once.
    private static Tensor Fused(IReadOnlyList<Tensor?> features, Tensor weights, Tensor map)
    {
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        foreach ((int modality, Tensor? feature) in features.Index())
        {
            if (feature is null)
                continue;
            Tensor weighted = feature * weights.narrow(1, modality, 1).reshape(-1, 1, 1, 1, 1);
            if (sum is null)
            {
                sum = weighted;
                continue;
            }

            using Tensor before = sum, added = weighted;
            sum = before.Plus(added);
        }

        return (sum! * map).MoveToOuterDisposeScope();
    }

    // [N, C, regions]
    private static Tensor MeanProducts(Tensor feature, Tensor maps)
    {
        Tensor voxels = maps.flatten(2);
        return feature.flatten(2).matmul(voxels.transpose(1, 2)).Over(voxels.shape[2]);
    }

    private static Tensor Through(ModuleList<ConvolutionUnit> units, Tensor value) => units.Aggregate(value, (current, unit) => unit.call(current));

    private static void AddUnits(ModuleList<ConvolutionUnit> units, int inputs, int width)
    {
        units.Add(StageUnit.Make(inputs, width, kernel: 1));
        units.Add(StageUnit.Make(width, width));
        units.Add(StageUnit.Make(width, width / 2, kernel: 1));
    }
}
