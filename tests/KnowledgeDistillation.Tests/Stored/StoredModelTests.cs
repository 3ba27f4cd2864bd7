using System.Text.Json.Nodes;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Methods.DeMoSeg;
using KnowledgeDistillation.Methods.DisentangledFusion;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.MmFormer;
using KnowledgeDistillation.Methods.RFNet;
using KnowledgeDistillation.Methods.Synthesis;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Stored;

/// <summary>A checkpoint of every network that an earlier build can have written loads in this one, and is described by the same JSON.</summary>
public sealed class StoredModelTests : IDisposable
{
    private static readonly string[] Modalities = ["t1ce", "flair"];

    private static readonly LabelScheme Classes = new ExclusiveClasses("background", "necrosis", "oedema", "enhancing");
    private static readonly LabelScheme Regions = new OverlappingRegions([new Region("WT", 1, 2, 3), new Region("TC", 1, 3), new Region("ET", 3)], [2, 1, 3]);

    // No option has its default where it may have another value, so that a lost option shows.
    private static readonly (NetworkRecipe Recipe, LabelScheme Labels)[] Models =
    [
        (new UNet2DOptions
        {
            Modalities = Modalities,
            OutputChannels = 4,
            InputChannels = 3,
            BaseWidth = 2,
            Levels = 3,
            SkipConnections = 1,
            Upsampling = Upsampling.TransposedConvolution,
        }, Classes),
        (new UNet3DOptions
        {
            Modalities = Modalities,
            OutputChannels = 3,
            InputChannels = 3,
            BaseWidth = 2,
            Levels = 2,
            SkipConnections = 0,
            Upsampling = Upsampling.TransposedConvolution,
        }, Regions),
        (new MultiResUNet3DOptions
        {
            Modalities = Modalities,
            OutputChannels = 4,
            InputChannels = 3,
            BaseWidth = 4,
            WidthFactor = 1.75,
            Levels = 2,
            SkipConnections = 1,
        }, Classes),
        (new PlainConvUNetOptions
        {
            Modalities = Modalities,
            OutputChannels = 4,
            Features = [2, 3],
            KernelSizes = [[1, 3, 3], [3, 3, 1]],
            Strides = [[1, 1, 1], [1, 2, 2]],
            EncoderConvolutions = [1, 3],
            DecoderConvolutions = [1],
            ConvolutionBias = false,
        }, Classes),
        (new BasicUNetOptions
        {
            Modalities = Modalities,
            OutputChannels = 4,
            Features = [1, 2, 2, 4, 2, 3],
            SpatialDimensions = 2,
            ConvolutionBias = false,
        }, Classes),
        (new HemisUNet3DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 2, Levels = 2 }, Classes),
        (new HvedUNet3DOptions { Modalities = Modalities, OutputChannels = 3, BaseWidth = 2, Levels = 2, SampleAtInference = true }, Regions),
        (new DisentangledFusionNet3DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 2, Levels = 2, AppearanceDimension = 3 }, Classes),
        (new DeMoSeg3DOptions
        {
            Modalities = Modalities,
            OutputChannels = 4,
            BaseWidth = 4,
            Levels = 2,
            Substitutes = new Dictionary<string, IReadOnlyList<string>> { [Modalities[0]] = [Modalities[1]] },
        }, Classes),
        (new MmFormer3DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 2, Levels = 2, Dropout = 0.25 }, Classes),
        (new RFNet3DOptions { Modalities = Modalities, OutputChannels = 3, BaseWidth = 2, Levels = 2, OverlappingRegions = true }, Regions),
        (new SynthesisNetworkOptions
        {
            Generator = new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 1, BaseWidth = 2, Levels = 2 },
            Segmenter = new MultiResUNet3DOptions { Modalities = Modalities, OutputChannels = 4, BaseWidth = 4, Levels = 2 },
            SynthesizedModalities = ["flair"],
        }, Classes),
    ];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Stored => [.. Names(Directory.GetDirectories(StoredFiles.At("models")))];

    public void Dispose() => _folder.Dispose();

    // Loading checks the checksums, and that the weights have the names and shapes of the network's.
    [Theory]
    [MemberData(nameof(Stored))]
    public void A_stored_model_loads_and_is_described_as_it_was(string name)
    {
        using SegmentationModel model = SegmentationModel.Load(StoredFiles.At("models", name));
        model.Save(_folder["again"]);

        JsonObject stored = Description(StoredFiles.At("models", name)), again = Description(_folder["again"]);
        model.Network.Recipe!.GetType().Name.Should().Be(name);
        stored["network"]!["type"]!.GetValue<string>().Should().Be(name);
        foreach (string part in new[] { "format", "version", "network", "labels", "metadata" })
            JsonNode.DeepEquals(again[part], stored[part]).Should().BeTrue($"'{part}' was {stored[part]} and is now {again[part]}");
        File.ReadAllBytes(Path.Combine(_folder["again"], "weights.safetensors")).Should()
            .Equal(File.ReadAllBytes(StoredFiles.At("models", name, "weights.safetensors")));
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public void A_stored_model_has_the_options_that_it_was_made_with(string name)
    {
        using SegmentationModel model = SegmentationModel.Load(StoredFiles.At("models", name));
        (NetworkRecipe recipe, LabelScheme labels) = Models.Single(made => made.Recipe.GetType().Name == name);
        model.Network.Recipe.Should().BeEquivalentTo(recipe, comparison => comparison.RespectingRuntimeTypes());
        model.Labels.Should().BeOfType(labels.GetType()).And.BeEquivalentTo(labels, comparison => comparison.RespectingRuntimeTypes());
        model.Metadata.Should().Equal(Metadata(name));
    }

    [Fact]
    public void Every_recipe_of_the_library_has_a_stored_model() => Stored.Select(row => row.Data).Should().BeEquivalentTo(
        typeof(NetworkRecipe).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(NetworkRecipe)) && !type.IsAbstract).Select(type => type.Name),
        "a new recipe is stored with WRITE_STORED_FILES=1, and one that was stored is never renamed");

    [Fact]
    public void Models_that_are_not_stored_yet_are_written()
    {
        StoredFiles.SkipUnlessWriting();
        foreach ((NetworkRecipe recipe, LabelScheme labels) in Models)
        {
            string name = recipe.GetType().Name;
            if (Directory.Exists(StoredFiles.At("models", name)))
                continue;
            manual_seed(1);
            using var model = new SegmentationModel(recipe.Build(), labels, Metadata(name));
            model.Save(StoredFiles.At("models", name));
        }
    }

    private static IEnumerable<string> Names(IEnumerable<string> folders) => folders.Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal);

    private static Dictionary<string, string> Metadata(string name) => new() { ["made for"] = name, ["ü \"'\n"] = "{}" };

    private static JsonObject Description(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "model.json")))!.AsObject();
}
