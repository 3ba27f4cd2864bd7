using System.Text.Json;
using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.DeMoSeg;
using KnowledgeDistillation.Methods.MmFormer;
using KnowledgeDistillation.Methods.RFNet;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

/// <summary>What the networks for any subset of the modalities add to a U-Net, against tests/Fixtures/Golden/make_fusions.py.</summary>
public class GoldenFusionTests
{
    private const double Tolerance = 2e-6;

    private static readonly JsonElement[] Cases =
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(SharedData.CheckoutFolder, "tests", "Fixtures", "Golden", "fusions", "manifest.json")))
            .RootElement.GetProperty("cases").EnumerateArray()];

    [Fact]
    public void Features_are_fused_region_by_region_with_the_weights_computed_elsewhere()
    {
        JsonElement[] cases = Named("region fusion");
        cases.Should().HaveCount(3);
        foreach (JsonElement given in cases)
        {
            using var scope = NewDisposeScope();
            int[] present = [.. given.GetProperty("present").EnumerateArray().Select(number => number.GetInt32())];
            using var fusion = new RegionAwareFusion(modalities: 3, width: 2, regions: 2);
            for (int region = 0; region < 2; region++)
            {
                Set(fusion, $"weights.{region}.hidden.weight", 30 + region, 0.5);
                Set(fusion, $"weights.{region}.hidden.bias", 40 + region, 0.5);
                Set(fusion, $"weights.{region}.weights.weight", 50 + region, 0.1);
                Set(fusion, $"weights.{region}.weights.bias", 60 + region, 0.5);
            }

            Tensor?[] features = [.. Enumerable.Range(0, 3).Select(modality => present.Contains(modality) ? Values(10 + modality, 2, 1, 2, 2, 1, 2) : null)];
            Tensor maps = nn.functional.softmax(Values(20, 1, 1, 2, 2, 1, 2), 1);

            Compare(cat(fusion.WeightsOf(features, maps), 1), given, "weights");
            Compare(fusion.RegionFeatures(features, maps), given, "fused");
        }
    }

    [Fact]
    public void A_transformer_relates_tokens_as_elsewhere()
    {
        using var scope = NewDisposeScope();
        using var block = new TransformerBlock(width: 4, heads: 2, dropout: 0.5);
        block.eval();
        Set(block, "attention.inputs.weight", 92, 0.7);
        Set(block, "attention.projection.weight", 93, 0.7);
        Set(block, "attention.projection.bias", 94, 0.3);
        Set(block, "widen.weight", 95, 0.5);
        Set(block, "widen.bias", 96, 0.3);
        Set(block, "narrow.weight", 97, 0.4);
        Set(block, "narrow.bias", 98, 0.3);

        Compare(block.call(Values(90, 1, 1, 5, 4), Values(91, 0.5, 1, 5, 4)), Named("transformer").Single(), "tokens");
    }

    [Fact]
    public void Channels_guide_each_other_as_elsewhere()
    {
        using var scope = NewDisposeScope();
        using var block = new CrossGuidedBlock(width: 6);
        Set(block, "squeeze.weight", 111, 1);
        Set(block, "squeeze.bias", 112, 0.5);
        Set(block, "score.weight", 113, 2);
        Set(block, "score.bias", 114, 0.5);

        Compare(block.Attended(Values(110, 2, 1, 6, 2, 2, 2)), Named("cross guidance").Single(), "attended");
    }

    [Fact]
    public void Segmentations_of_all_kinds_are_compared_with_the_reference_as_elsewhere()
    {
        JsonElement[] cases = Named("losses");
        cases.Should().HaveCount(8);
        foreach (JsonElement given in cases)
        {
            using var scope = NewDisposeScope();
            bool Flag(string name) => given.GetProperty(name).GetBoolean();
            double Expected(string name) => given.GetProperty(name).GetDouble();
            (bool exclusive, bool balanced, bool ignored) = (Flag("exclusive"), Flag("balanced"), Flag("ignored"));
            LabelScheme scheme = exclusive ? Contexts.BratsClasses : Contexts.BratsRegions;
            long[] labels = [.. Enumerable.Range(0, 32).Select(i => ignored && i % 5 == 0 ? LabelScheme.Ignored : (long)((((3 * i) * i) + i) % 4))];
            Tensor full = Values(70, 3, 1, scheme.Channels, 4, 2, 4), coarse = Values(80, 3, 1, scheme.Channels, 2, 1, 2);
            var network = new LevelsNetwork(full, coarse);
            DistillationContext context = Contexts.Of(
                scheme, tensor(labels, [1, 4, 2, 4]), new NetworkOutput(network, new EncoderOutput(full, coarse), full));
            var segmentation = new AuxiliarySegmentationOptions { Balanced = balanced };
            SoftDiceOptions dice = segmentation.Dice;

            double Loss(IDistillationLoss loss) => loss.Compute(context).item<float>();
            double crossEntropy = Loss(balanced ? new BalancedCrossEntropyLoss() : new ReferenceCrossEntropyLoss());
            (crossEntropy + Loss(new ReferenceDiceLoss(dice))).Should().BeApproximately(Expected("full"), Tolerance);
            Loss(new ModalitySegmentationLoss(segmentation)).Should().BeApproximately(Expected("full"), Tolerance, "'one' and 'other' have the same logits");
            double Deep(SupervisionGrid grid, double decay) =>
                Loss(new DeepSupervisionLoss(new DeepSupervisionOptions { Segmentation = segmentation, Grid = grid, Decay = decay }));
            Deep(SupervisionGrid.Image, 1).Should().BeApproximately((Expected("full") + Expected("coarse, image grid")) / 2, Tolerance);
            Deep(SupervisionGrid.Image, 0.5).Should().BeApproximately(((2 * Expected("full")) + Expected("coarse, image grid")) / 3, Tolerance);
            Deep(SupervisionGrid.Level, 0.5).Should().BeApproximately(((2 * Expected("full")) + Expected("coarse, level grid")) / 3, Tolerance);
        }
    }

    private static JsonElement[] Named(string name) => [.. Cases.Where(given => given.GetProperty("name").GetString() == name)];

    private static void Compare(Tensor tensor, JsonElement given, string name)
    {
        double[] expected = [.. given.GetProperty(name).EnumerateArray().Select(number => number.GetDouble())];
        double[] found = tensor.to(ScalarType.Float64).contiguous().data<double>().ToArray();
        found.Should().HaveSameCount(expected);
        found.Zip(expected, (one, other) => Math.Abs(one - other)).Max().Should().BeLessThan(Tolerance, name);
    }

    // Input number i of the array of seed s: see the script.
    private static Tensor Values(int seed, double scale, params long[] shape)
    {
        long count = shape.Aggregate(1L, (product, length) => product * length);
        return tensor([.. Enumerable.Range(0, (int)count).Select(i => scale * Math.Sin(seed + (0.37 * i)))]).reshape(shape).to(ScalarType.Float32);
    }

    private static void Set(nn.Module module, string name, int seed, double scale)
    {
        using IDisposable noGradient = no_grad();
        Parameter parameter = module.get_parameter(name)!;
        parameter.copy_(Values(seed, scale, parameter.shape));
    }

    private sealed class LevelsNetwork(Tensor full, Tensor coarse) : nn.Module(nameof(LevelsNetwork)), IModalitySegmentingNetwork, IDeeplySupervisedNetwork
    {
        public nn.Module Module => this;

        public IReadOnlyList<string> Modalities => ["one", "other"];

        public int OutputChannels => (int)full.shape[1];

        public EncoderOutput Encode(ModalityImages images) => throw new NotSupportedException("Its outputs are given by the test.");

        public Tensor Decode(EncoderOutput encoding) => throw new NotSupportedException("Its outputs are given by the test.");

        public IReadOnlyDictionary<string, Tensor> SegmentModalities(EncoderOutput encoding) =>
            new Dictionary<string, Tensor> { ["one"] = full, ["other"] = full };

        public IReadOnlyList<Tensor> SegmentLevels(EncoderOutput encoding) => [full, coarse];
    }
}
