using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Inference;

public sealed class SegmentationModelTests : IDisposable
{
    private static readonly LabelScheme[] Schemes =
    [
        new ExclusiveClasses("background", "necrosis", "edema", "enhancing"),
        new OverlappingRegions([new Region("WT", 1, 2, 3), new Region("TC", 1, 3), new Region("ET", 3)], [2, 1, 3]),
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres(cases: 2);

    private string Folder => _folder["model"];

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_model_comes_back_as_it_was_saved(int scheme)
    {
        LabelScheme labels = Schemes[scheme];
        manual_seed(1);
        var options = new UNet3DOptions
        {
            Modalities = ["faint", "bright"],
            OutputChannels = labels.Channels,
            BaseWidth = 4,
            Levels = 3,
            SkipConnections = 1,
            Upsampling = Upsampling.TransposedConvolution,
        };
        using var model = new SegmentationModel(
            options.Build(), labels, new Dictionary<string, string> { ["z-score"] = "non-zero voxels", ["ü \"'\n"] = "{}" });
        model.Save(Folder);
        using SegmentationModel loaded = SegmentationModel.Load(Folder);

        loaded.Network.Recipe.Should().BeEquivalentTo(options);
        loaded.Labels.Should().BeOfType(labels.GetType()).And.BeEquivalentTo(labels, comparison => comparison.RespectingRuntimeTypes());
        loaded.Metadata.Should().Equal(model.Metadata);
        loaded.Network.Module.training.Should().BeFalse();
        Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(model.Network));
        using Tensor expected = model.PredictProbabilities(_spheres.Images);
        using Tensor actual = loaded.PredictProbabilities(_spheres.Images);
        actual.bytes.ToArray().Should().Equal(expected.bytes.ToArray());
        using Tensor classes = loaded.Predict(_spheres.Images);
        classes.shape.Should().Equal(2, 8, 8, 8);
        classes.dtype.Should().Be(ScalarType.Int64);
    }

    [Fact]
    public void Several_threads_may_predict_with_one_model_at_once_right_after_its_network_was_built_or_trained()
    {
        // Its norms keep running statistics, which move while it is in training mode.
        manual_seed(1);
        using var model = new SegmentationModel(
            new MultiResUNet3D(new MultiResUNet3DOptions { Modalities = ["t1ce"], OutputChannels = 2, BaseWidth = 8, Levels = 2 }),
            new ExclusiveClasses("background", "tumor"));
        using Tensor image = randn([1, 1, 8, 8, 8]);
        var images = new ModalityImages([KeyValuePair.Create("t1ce", image.alias())]);
        byte[] expected = Bytes();
        var others = new System.Collections.Concurrent.ConcurrentBag<byte[]>();

        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 10; i++)
                others.Add(Bytes());
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        others.Should().HaveCount(40).And.OnlyContain(bytes => bytes.SequenceEqual(expected));
        Bytes().Should().Equal(expected, "predicting changes nothing");
        model.Network.Module.modules().Should().OnlyContain(module => !module.training);

        byte[] Bytes()
        {
            using var scope = NewDisposeScope();
            return model.PredictProbabilities(images).bytes.ToArray();
        }
    }

    [Fact]
    public void A_slice_network_comes_back_too()
    {
        using var model = new SegmentationModel(
            new UNet2D(new UNet2DOptions { Modalities = ["faint"], OutputChannels = 2, BaseWidth = 2, Levels = 2 }), Toy.Labels);
        model.Save(Folder);
        using SegmentationModel loaded = SegmentationModel.Load(Folder);
        loaded.Network.Should().BeOfType<UNet2D>();
        Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(model.Network));
    }

    [Fact]
    public void A_network_without_a_recipe_is_loaded_into_one_that_the_caller_built()
    {
        using (var model = new SegmentationModel(Toy.NetworkWithBuffers(seed: 1, dropout: 0, "faint"), Toy.Labels))
            model.Save(Folder);
        FluentActions.Invoking(() => SegmentationModel.Load(Folder)).Should().Throw<CheckpointException>().WithMessage($"*{Folder}*LoadInto*");

        using ModuleAdapter expected = Toy.NetworkWithBuffers(seed: 1, dropout: 0, "faint");
        using SegmentationModel loaded = SegmentationModel.LoadInto(Folder, Toy.NetworkWithBuffers(seed: 2, dropout: 0, "faint"));
        Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(expected));
    }

    [Fact]
    public void Weights_of_another_network_are_refused_and_leave_it_as_it_was_and_usable()
    {
        using (var model = new SegmentationModel(Toy.Student(), Toy.Labels))
            model.Save(Folder);
        using UNet3D other = Toy.Teacher();
        byte[] before = Toy.Bits(other);
        FluentActions.Invoking(() => SegmentationModel.LoadInto(Folder, other)).Should().Throw<CheckpointException>()
            .WithMessage("*weights.safetensors*encoder.0.convolution1.weight is [2, 1, 3, 3, 3] but must be [2, 2, 3, 3, 3]*");
        Toy.Bits(other).Should().Equal(before);
        using Tensor usable = new SegmentationModel(other, Toy.Labels).Predict(_spheres.Images);
    }

    [Fact]
    public void A_recipe_of_the_users_own_is_known_once_it_is_registered()
    {
        using var model = new SegmentationModel(new OwnNetwork(new OwnOptions { Width = 6 }), Toy.Labels);
        NetworkRecipes.Register<OwnOptions>();
        NetworkRecipes.Register<OwnOptions>();
        model.Save(Folder);
        using SegmentationModel loaded = SegmentationModel.Load(Folder);
        loaded.Network.Recipe.Should().Be(new OwnOptions { Width = 6 });
        Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(model.Network));
    }

    [Fact]
    public void A_recipe_that_nobody_registered_is_refused_when_saving_and_nothing_is_written()
    {
        using var model = new SegmentationModel(new OwnNetwork(new UnregisteredOptions()), Toy.Labels);
        FluentActions.Invoking(() => model.Save(Folder)).Should().Throw<InvalidOperationException>()
            .WithMessage("*UnregisteredOptions*NetworkRecipes.Register<UnregisteredOptions>*");
        _folder.Entries.Should().BeEmpty();
    }

    [Fact]
    public void Saving_over_a_model_replaces_it_as_a_whole()
    {
        using (var first = new SegmentationModel(Toy.Student(seed: 1), Toy.Labels, new Dictionary<string, string> { ["run"] = "first" }))
            first.Save(Folder);
        File.WriteAllText(Path.Combine(Folder, "stray"), "");
        using var second = new SegmentationModel(Toy.Student(seed: 2), Toy.Labels, new Dictionary<string, string> { ["run"] = "second" });
        second.Save(Folder + Path.DirectorySeparatorChar);
        using SegmentationModel loaded = SegmentationModel.Load(Folder);
        loaded.Metadata["run"].Should().Be("second");
        Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(second.Network));
        _folder.Entries.Should().Equal("model");
        File.Exists(Path.Combine(Folder, "stray")).Should().BeFalse();
    }

    [Fact]
    public void Weights_with_a_flipped_bit_or_cut_short_or_missing_are_refused_by_name()
    {
        using (var model = new SegmentationModel(Toy.Student(), Toy.Labels))
            model.Save(Folder);
        string weights = Path.Combine(Folder, "weights.safetensors");
        byte[] sound = File.ReadAllBytes(weights);
        foreach (int place in new[] { 0, 9, sound.Length / 2, sound.Length - 1 })
        {
            byte[] damaged = [.. sound];
            damaged[place] ^= 1;
            File.WriteAllBytes(weights, damaged);
            Load().Should().Throw<CheckpointException>().WithMessage("*weights.safetensors*damaged*checksum*").Which.Path.Should().Be(weights);
        }

        File.WriteAllBytes(weights, sound[..^1]);
        Load().Should().Throw<CheckpointException>().WithMessage("*weights.safetensors*damaged*");
        File.Delete(weights);
        Load().Should().Throw<CheckpointException>().WithMessage("*weights.safetensors*missing*");
    }

    [Theory]
    [InlineData("\"KnowledgeDistillation model\"", "\"another model\"", "*is not a KnowledgeDistillation model*another model*")]
    [InlineData("\"version\": 1", "\"version\": 2", "*version 2*up to 1*update*")]
    [InlineData("\"version\": 1", "\"version\": -1", "*'-1' is no version*")]
    [InlineData("\"version\": 1", "\"version\": \"new\"", "*'new' is no version*")]
    [InlineData("\"UNet3DOptions\"", "\"ResNetOptions\"", "*'ResNetOptions' is not known here*UNet3DOptions*Register*")]
    [InlineData("\"UNet3DOptions\"", "17", "*")]
    [InlineData("\"BaseWidth\"", "\"BaseWitdh\"", "*BaseWitdh*")]
    [InlineData("\"BaseWidth\": 2", "\"BaseWidth\": \"two\"", "*")]
    [InlineData("\"BaseWidth\": 2", "\"BaseWidth\": 3", "*BaseWidth must be even*")]
    [InlineData("\"BaseWidth\": 2", "\"BaseWidth\": 4", "*more weights than the file*")]
    [InlineData("\"Levels\": 2", "\"Levels\": 99", "*Levels must be from 2 to 8*")]
    [InlineData("\"options\"", "\"choices\"", "*")]
    [InlineData("\"Interpolation\"", "\"Guessing\"", "*")]
    [InlineData("\"labels\"", "\"tables\"", "*a part of it is missing*")]
    [InlineData("\"sphere\"", "\"sphere\", \"cube\"", "*2 output channels*3*")]
    [InlineData("\"metadata\": {", "\"metadata\": 1, \"m\": {", "*")]
    [InlineData("\"files\"", "\"piles\"", "*damaged*does not list*")]
    [InlineData("{", "", "*model.json*damaged*")]
    public void A_description_that_is_foreign_newer_or_damaged_is_refused_with_file_and_reason(string part, string replacement, string message)
    {
        using (var model = new SegmentationModel(Toy.Student(), Toy.Labels))
            model.Save(Folder);
        string path = Path.Combine(Folder, "model.json");
        UncheckedJson.Make(path);
        string text = File.ReadAllText(path);
        text.Should().Contain(part);
        int place = text.IndexOf(part, StringComparison.Ordinal);
        File.WriteAllText(path, string.Concat(text.AsSpan(0, place), replacement, text.AsSpan(place + part.Length)));
        CheckpointException thrown = Load().Should().Throw<CheckpointException>().WithMessage(message).Which;
        thrown.Message.Should().Contain(Folder);
        thrown.Path.Should().StartWith(Folder);
    }

    [Fact]
    public void A_single_bit_that_flips_in_a_description_is_noticed_wherever_it_lies()
    {
        // Several levels of nesting, so that there is something to get wrong in each.
        using (var model = new SegmentationModel(Toy.Student(), Schemes[1], new Dictionary<string, string> { ["cases"] = "one", ["crop"] = "64,64,64" }))
        {
            FluentActions.Invoking(() => model.Save(Folder)).Should().NotThrow();
        }

        string path = Path.Combine(Folder, "model.json");
        byte[] sound = File.ReadAllBytes(path);
        List<string> silent = [];
        ModelDescription expected = ModelFiles.ReadDescription(Folder);
        for (int bit = 0; bit < 8 * sound.Length; bit++)
        {
            byte[] damaged = [.. sound];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, damaged);
            try
            {
                ModelDescription read = ModelFiles.ReadDescription(Folder);
                // White space, and the case of a letter in an escape, carry nothing.
                if (!read.Recipe!.ToString()!.Equals(expected.Recipe!.ToString(), StringComparison.Ordinal) || !read.Metadata.SequenceEqual(expected.Metadata)
                    || !read.Labels.ChannelNames.SequenceEqual(expected.Labels.ChannelNames))
                {
                    silent.Add($"bit {bit}");
                }
            }
            catch (CheckpointException)
            {
            }
        }

        silent.Should().BeEmpty();
    }

    [Theory]
    [InlineData("\"metadata\": {", "\"format\": \"twice\", \"metadata\": {")]
    [InlineData("\"metadata\": {", "\"metadata\": {\"a\": \"1\", \"a\": \"2\", ")]
    [InlineData("\"metadata\": {", "\"metadata\": {\"a\": null, ")]
    [InlineData("\"metadata\": {", "\"metadata\": {\"a\": \"\\ud800\", ")]
    [InlineData("\"metadata\": {", "\"metadata\": {\"\\udc00\": \"a\", ")]
    [InlineData("\"KnowledgeDistillation model\"", "\"\\udfff\"")]
    [InlineData("\"sphere\"", "null")]
    [InlineData("\"$type\"", "\"%type\"")]
    [InlineData("\"type\": \"UNet3DOptions\"", "\"type\": {}")]
    [InlineData("\"type\": \"UNet3DOptions\"", "\"type\": \"UNet3DOptions\", \"type\": \"UNet2DOptions\"")]
    [InlineData("\"Modalities\": [", "\"Modalities\": [null, ")]
    [InlineData("\"BaseWidth\": 2", "\"BaseWidth\": 2, \"BaseWidth\": 2")]
    [InlineData("\"BaseWidth\": 2", "\"BaseWidth\": 2e99")]
    [InlineData("\"BaseWidth\": 2", "\"BaseWidth\": null")]
    public void Whatever_is_wrong_with_the_json_is_one_documented_exception_with_the_file(string part, string replacement) =>
        A_description_that_is_foreign_newer_or_damaged_is_refused_with_file_and_reason(part, replacement, "*model.json*");

    public static TheoryData<string> HugeRecipes() => new(
        """{"type":"UNet3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """{"type":"UNet2DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """{"type":"UNet3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"InputChannels":2000000000,"BaseWidth":2,"Levels":2}}""",
        """{"type":"UNet3DOptions","options":{"Modalities":["faint"],"OutputChannels":2000000000,"BaseWidth":2,"Levels":2}}""",
        """{"type":"MultiResUNet3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """{"type":"HemisUNet3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """{"type":"HvedUNet3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """{"type":"DisentangledFusionNet3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """{"type":"RFNet3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """{"type":"MmFormer3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """{"type":"DeMoSeg3DOptions","options":{"Modalities":["faint"],"OutputChannels":2,"BaseWidth":1024,"Levels":8}}""",
        """
        {"type":"SynthesisNetworkOptions","options":{"SynthesisedModalities":["faint"],
        "Generator":{"type":"UNet3DOptions","options":{"Modalities":["bright"],"OutputChannels":1,"BaseWidth":1024,"Levels":8}},
        "Segmenter":{"type":"UNet3DOptions","options":{"Modalities":["faint","bright"],"OutputChannels":2,"BaseWidth":2,"Levels":2}}}}
        """);

    // Built before it is compared with its weights, each of these would ask for many gigabytes.
    [Theory]
    [MemberData(nameof(HugeRecipes))]
    public void A_recipe_that_asks_for_more_weights_than_there_are_is_refused_before_they_are_made(string recipe)
    {
        using (var model = new SegmentationModel(Toy.Student(), Toy.Labels))
            model.Save(Folder);
        string path = Path.Combine(Folder, "model.json");
        UncheckedJson.Make(path, description => description["network"] = System.Text.Json.Nodes.JsonNode.Parse(recipe));
        Load().Should().Throw<CheckpointException>().WithMessage("*its network cannot be built: *");
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void An_image_with_a_voxel_that_is_no_number_is_refused_by_name(double value)
    {
        using var scope = NewDisposeScope();
        using var model = new SegmentationModel(Toy.Teacher(), Toy.Labels);
        Tensor sound = randn([1, 1, 8, 8, 8]), faint = sound.clone();
        faint[0, 0, 1, 2, 3] = value;
        FluentActions.Invoking(() => model.Predict(new ModalityImages(("bright", sound), ("faint", faint)))).Should().Throw<ArgumentException>()
            .WithMessage("The image faint holds a voxel that is not a finite number*");
        model.Predict(new ModalityImages(("bright", sound), ("faint", sound), ("other", faint))).shape.Should().Equal(1, 8, 8, 8);
    }

    [Fact]
    public void A_folder_that_is_no_model_is_refused()
    {
        FluentActions.Invoking(() => SegmentationModel.Load(_folder["nothing"])).Should().Throw<CheckpointException>().WithMessage("*nothing*no such folder*");
        FluentActions.Invoking(() => SegmentationModel.Load(_folder.Root)).Should().Throw<CheckpointException>().WithMessage("*model.json*cannot be read*");
        FluentActions.Invoking(() => SegmentationModel.Load("")).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Loading_works_within_a_dispose_scope_and_leaves_no_tensor_behind()
    {
        using (var model = new SegmentationModel(Toy.Student(), Toy.Labels))
            model.Save(Folder);
        // One network for all, because TorchSharp's own layers are still counted after their disposal.
        using UNet3D network = Toy.Student(seed: 2);
        SegmentationModel Load()
        {
            using var scope = NewDisposeScope();
            return SegmentationModel.LoadInto(Folder, network);
        }

        Load().Predict(_spheres.Images).Dispose();
        LiveTensors.LeftBy(() =>
        {
            for (int i = 0; i < 5; i++)
                Load().Predict(_spheres.Images).Dispose();
        }).Should().Be(0);

        using (NewDisposeScope())
            SegmentationModel.Load(Folder).Dispose();
        SegmentationModel kept;
        using (NewDisposeScope())
            kept = SegmentationModel.Load(Folder);
        using (kept)
            Toy.Bits(kept.Network).Should().Equal(Toy.Bits(network));
    }

    private Action Load() => () => SegmentationModel.Load(Folder).Dispose();

    private sealed record OwnOptions : OwnRecipe
    {
        public override IEncoderDecoder Build() => new OwnNetwork(this);
    }

    private sealed record UnregisteredOptions : OwnRecipe
    {
        public override IEncoderDecoder Build() => new OwnNetwork(this);
    }

    private abstract record OwnRecipe : NetworkRecipe
    {
        public int Width { get; init; } = 4;
    }

    private sealed class OwnNetwork(OwnRecipe recipe) : IEncoderDecoder
    {
        private readonly TorchSharp.Modules.Sequential _module = nn.Sequential(("down", nn.Conv3d(1, recipe.Width, 1)), ("up", nn.Conv3d(recipe.Width, 2, 1)));

        public nn.Module Module => _module;

        public IReadOnlyList<string> Modalities => ["faint"];

        public int OutputChannels => 2;

        public NetworkRecipe Recipe => recipe;

        public EncoderOutput Encode(ModalityImages images) => new(((nn.Module<Tensor, Tensor>)_module[0]).call(images["faint"]));

        public Tensor Decode(EncoderOutput encoding) => ((nn.Module<Tensor, Tensor>)_module[1]).call(encoding.Bottleneck);

        public void Dispose() => _module.Dispose();
    }
}
