using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Tests;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Export;

/// <summary>Every network of the library gives the same logits in ONNX Runtime as in TorchSharp.</summary>
public sealed class ExportedNetworkTests : IDisposable
{
    private const double Tolerance = 2e-5;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Variants()
    {
        var data = new TheoryData<string, string>();
        foreach (Type type in RecipeVariants.Types)
        {
            foreach (string variant in RecipeVariants.Of(type).Keys)
                data.Add(type.Name, variant);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_network_of_any_recipe_and_option_gives_the_same_logits(string recipe, string variant)
    {
        torch.manual_seed(1);
        NetworkRecipe options = RecipeVariants.Of(RecipeVariants.Types.Single(type => type.Name == recipe))[variant];
        using var model = new SegmentationModel(OnnxRun.Stirred(options.Build()), Scheme(options));

        RequireSameLogits(model);
        if (!model.Network.NeedsAllModalities)
        {
            RequireSameLogits(model, [model.Network.Modalities[1]]);
            RequireSameLogits(model, [model.Network.Modalities[2], model.Network.Modalities[0]]);
        }
    }

    [Fact]
    public void Every_network_of_the_library_is_covered() => typeof(IEncoderDecoder).Assembly.GetTypes()
        .Where(type => type is { IsAbstract: false, IsInterface: false } && type.IsAssignableTo(typeof(IEncoderDecoder)))
        .Should().OnlyContain(type => type.IsAssignableTo(typeof(IOnnxExportable)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_ensemble_is_the_mean_of_its_members_probabilities(bool exclusive)
    {
        torch.manual_seed(2);
        LabelScheme labels = exclusive ? new ExclusiveClasses("background", "core", "rim") : Regions;
        UNet3DOptions small = new() { Modalities = ["t1"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 2 };
        using var model = new SegmentationModel(
            new EnsembleNetwork(
                [
                    OnnxRun.Stirred(new UNet3D(small)),
                    OnnxRun.Stirred(new UNet3D(small with { Modalities = ["t2", "t1"], Levels = 3 })),
                    OnnxRun.Stirred(new MultiResUNet3D(new() { Modalities = ["t2"], OutputChannels = labels.Channels, BaseWidth = 6, Levels = 2 })),
                ],
                labels,
                [1, 2, 0.5]),
            labels);

        RequireSameLogits(model);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Logits_of_an_ensemble_stay_finite_where_its_members_are_certain(bool exclusive)
    {
        torch.manual_seed(3);
        LabelScheme labels = exclusive ? new ExclusiveClasses("background", "core", "rim") : Regions;
        UNet3DOptions small = new() { Modalities = ["t1"], OutputChannels = labels.Channels, BaseWidth = 4, Levels = 2 };
        UNet3D[] members = [new UNet3D(small), new UNet3D(small)];
        using (torch.no_grad())
        {
            foreach (UNet3D member in members)
                member.state_dict()["head.weight"].mul_(3000);
        }

        using var model = new SegmentationModel(new EnsembleNetwork(members, labels), labels);
        string path = _folder["certain.onnx"];
        OnnxExport.Save(model, path);
        ModalityImages images = OnnxRun.Images(["t1"], 1, 1, 8, 8, 8);

        using InferenceSession session = OnnxRun.Open(path);
        (float[] values, _) = OnnxRun.Logits(session, images);
        (float[] expected, _) = OnnxRun.TorchLogits(model.Network, images);

        expected.Max(Math.Abs).Should().BeGreaterThan(500);
        values.Should().OnlyContain(value => float.IsFinite(value));
        (Difference(values, expected) / expected.Max(Math.Abs)).Should().BeLessThan(1e-4, "rounding grows with the weights of the last layer");
    }

    [Fact]
    public void Codes_that_are_drawn_at_inference_are_exported_as_their_means()
    {
        torch.manual_seed(4);
        HvedUNet3DOptions options = new() { Modalities = ["t1", "t2"], OutputChannels = 3, BaseWidth = 4, Levels = 2 };
        using HvedUNet3D mean = OnnxRun.Stirred(new HvedUNet3D(options)), drawing = new(options with { SampleAtInference = true });
        drawing.load_state_dict(mean.state_dict());
        string path = _folder["drawing.onnx"];
        OnnxExport.Save(new SegmentationModel(drawing, new ExclusiveClasses("background", "core", "rim")), path);
        ModalityImages images = OnnxRun.Images(["t1", "t2"], 1, 1, 8, 8, 8);

        using InferenceSession session = OnnxRun.Open(path);

        Difference(OnnxRun.Logits(session, images).Values, OnnxRun.TorchLogits(mean, images).Values).Should().BeLessThan(Tolerance);
        Difference(OnnxRun.TorchLogits(drawing, images).Values, OnnxRun.TorchLogits(mean, images).Values).Should().BeGreaterThan(100 * Tolerance);
    }

    public void Dispose() => _folder.Dispose();

    private static OverlappingRegions Regions => new([new Region("whole", 1, 2), new Region("core", 1)], [2, 1]);

    private static LabelScheme Scheme(NetworkRecipe recipe)
    {
        using IEncoderDecoder network = recipe.Build();
        return network.OutputChannels == 1
            ? new OverlappingRegions([new Region("whole", 1)], [1])
            : new ExclusiveClasses([.. Enumerable.Range(0, network.OutputChannels).Select(number => $"class {number}")]);
    }

    // At several sizes and numbers of samples, with one file.
    private void RequireSameLogits(SegmentationModel model, IReadOnlyList<string>? modalities = null)
    {
        IEncoderDecoder network = model.Network;
        string path = _folder["network.onnx"];
        OnnxExport.Save(model, path, new OnnxExportOptions { Modalities = modalities });
        string[] seen = [.. network.Modalities.Where(name => modalities?.Contains(name) != false)];
        int multiple = Math.Max(2, network.SizeMultiple);
        int channels = ((IOnnxExportable)network).ImageChannels(seen[0]) ?? 1;
        using InferenceSession session = OnnxRun.Open(path);
        session.InputMetadata.Keys.Should().BeEquivalentTo(seen);
        foreach (long[] size in (long[][])[[1, 2, 2, 2], [2, 3, 1, 4]])
        {
            using var scope = torch.NewDisposeScope();
            long[] spatial = [.. size[1..].Select(length => length * multiple)];
            ModalityImages images = InputsOf(network, seen, channels, [size[0], .. spatial[^network.SpatialDimensions..]]);

            (float[] expected, long[] expectedShape) = OnnxRun.TorchLogits(network, images);
            (float[] values, long[] shape) = OnnxRun.Logits(session, images);

            shape.Should().Equal(expectedShape);
            expected.Max(Math.Abs).Should().BeGreaterThan(0.05f, "logits of nothing would prove nothing");
            Difference(values, expected).Should().BeLessThan(Tolerance * Math.Max(1, expected.Max(Math.Abs)));
            RequireSameLabels(model.Labels, expected, values, shape);
        }
    }

    // Where a network has more channels than modalities, the last one brings the rest.
    private static ModalityImages InputsOf(IEncoderDecoder network, string[] seen, int channels, long[] batchAndSize)
    {
        int all = (network.Recipe as UShapedNetworkOptions)?.InputChannels ?? channels * seen.Length;
        return new ModalityImages(seen.Select((name, index) => KeyValuePair.Create(
            name, torch.randn([batchAndSize[0], index == seen.Length - 1 ? all - (channels * (seen.Length - 1)) : channels, .. batchAndSize[1..]]))));
    }

    private static double Difference(float[] left, float[] right) => left.Zip(right, (a, b) => Math.Abs((double)a - b)).Max();

    private static void RequireSameLabels(LabelScheme labels, float[] expected, float[] values, long[] shape)
    {
        using var scope = torch.NewDisposeScope();
        using torch.Tensor wanted = labels.Probabilities(torch.tensor(expected, shape)), given = labels.Probabilities(torch.tensor(values, shape));
        torch.Tensor differs = labels.Decode(wanted).not_equal(labels.Decode(given));
        // Only where two answers are as good as equal.
        torch.Tensor margin = labels is ExclusiveClasses
            ? wanted.topk(2, 1).values.diff(1, 1).abs().squeeze(1)
            : (wanted - 0.5).abs().amin([1]);
        margin.masked_select(differs).data<float>().Where(distance => distance >= 1e-4f).Should().BeEmpty();
    }
}
