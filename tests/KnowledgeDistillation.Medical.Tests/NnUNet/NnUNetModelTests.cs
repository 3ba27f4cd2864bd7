using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.NnUNet;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Samples.OwnData;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests;
using KnowledgeDistillation.Training;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests.NnUNet;

/// <summary>The checkpoint is that of a PyTorch module with nnU-Net's names (tests/Fixtures/PyTorch).</summary>
public sealed class NnUNetModelTests : IDisposable
{
    private const string Architecture = """
        { "configurations": { "3d_fullres": { "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": {
              "n_stages": 3, "features_per_stage": [2, 4, 6], "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
              "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]], "n_conv_per_stage": [1, 2, 3], "n_conv_per_stage_decoder": [2, 1], "conv_bias": true } } } } }
        """;

    private const string Dataset = """
        { "channel_names": { "0": "CT", "1": "PET" }, "labels": { "background": 0, "liver": 1, "tumor": 2 }, "numTraining": 1, "file_ending": ".nii.gz" }
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_network_of_nnUNet_gives_its_logits()
    {
        using var scope = torch.NewDisposeScope();
        using SegmentationModel model = NnUNetModel.Load(Results(Architecture, Dataset));

        model.Network.Modalities.Should().Equal("CT", "PET");
        model.Labels.Should().BeOfType<ExclusiveClasses>().Which.ClassNames.Should().Equal("background", "liver", "tumor");
        IReadOnlyDictionary<string, torch.Tensor> values = ForeignWeights.Read(Fixture("plain_conv_unet_values.pth"));
        torch.Tensor logits = ((PlainConvUNet)model.Network).call(values["images"]);
        (logits - values["logits"]).abs().max().item<float>().Should().BeLessThan(1e-5f);
    }

    [Fact]
    public void Plans_of_earlier_versions_name_the_same_network()
    {
        const string earlier = """
            { "configurations": {
                "2d": { "UNet_class_name": "PlainConvUNet" },
                "3d_fullres": {
                  "UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 32, "n_conv_per_stage_encoder": [2, 2, 2, 2, 2, 2],
                  "n_conv_per_stage_decoder": [2, 2, 2, 2, 2], "unet_max_num_features": 320,
                  "pool_op_kernel_sizes": [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2], [1, 2, 2]],
                  "conv_kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]] },
                "3d_cascade_fullres": { "inherits_from": "3d_fullres", "previous_stage": "3d_lowres" } } }
            """;
        string folder = Results(earlier, Dataset);

        foreach (string? configuration in new[] { null, "3d_cascade_fullres" })
        {
            PlainConvUNetOptions options = NnUNetModel.Architecture(folder, configuration);

            options.Features.Should().Equal(32, 64, 128, 256, 320, 320);
            options.Strides[5].Should().Equal(1, 2, 2);
            options.KernelSizes[0].Should().Equal(1, 3, 3);
            options.DecoderConvolutions.Should().Equal(2, 2, 2, 2, 2);
            (options.OutputChannels, options.ConvolutionBias).Should().Be((3, true));
        }
    }

    [Theory]
    [InlineData("PlainConvUNet\"", "ResidualEncoderUNet\"", "*plans.json*ResidualEncoderUNet*only a PlainConvUNet*")]
    [InlineData("3d_fullres", "3d_lowres", "*plans.json*'3d_fullres'*only 3d_lowres*")]
    [InlineData("\"strides\"", "\"steps\"", "*plans.json*makes no network*")]
    [InlineData("[2, 4, 6]", "[2, 4, 6000]", "*plans.json*Features must be from 1 to 4096*")]
    [InlineData("[2, 4, 6]", "\"many\"", "*plans.json*makes no network*")]
    [InlineData("{ \"configurations\"", "[", "*plans.json*makes no network*")]
    [InlineData("[2, 4, 6]", "[2, 4, 8]", "*checkpoint_final.pth*encoder.2.0.convolution.weight is ?6, 4, 3, 3, 3? but must be*")]
    public void Plans_that_do_not_fit_are_refused_by_name(string text, string instead, string message)
    {
        Architecture.Should().Contain(text);
        string folder = Results(Architecture.Replace(text, instead, StringComparison.Ordinal), Dataset);

        FluentActions.Invoking(() => NnUNetModel.Load(folder)).Should().Throw<CheckpointException>().WithMessage(message);
    }

    [Theory]
    [InlineData("\"conv_kernel_sizes\": []")]
    [InlineData("\"conv_kernel_sizes\": [[]]")]
    [InlineData("\"conv_kernel_sizes\": [[], []]")]
    public void Plans_without_kernels_are_refused(string kernels)
    {
        string plans = $$"""
            { "configurations": { "3d_fullres": {
                "UNet_class_name": "PlainConvUNet", "n_conv_per_stage_encoder": [2, 2], "n_conv_per_stage_decoder": [2],
                "pool_op_kernel_sizes": [[1, 1, 1], [2, 2, 2]], {{kernels}} } } }
            """;

        FluentActions.Invoking(() => NnUNetModel.Load(Results(plans, Dataset))).Should().Throw<CheckpointException>()
            .WithMessage("*plans.json*conv_kernel_sizes are empty*");
    }

    [Fact]
    public void Plans_that_ask_for_more_weights_than_the_checkpoint_has_bytes_build_nothing()
    {
        string plans = Architecture.Replace("[2, 4, 6]", "[4096, 4096, 4096]", StringComparison.Ordinal)
            .Replace("[[1, 3, 3], [3, 3, 3], [3, 3, 3]]", "[[31, 31, 31], [31, 31, 31], [31, 31, 31]]", StringComparison.Ordinal);

        FluentActions.Invoking(() => NnUNetModel.Load(Results(plans, Dataset))).Should().Throw<CheckpointException>()
            .WithMessage("*plans.json*cannot be built*more weights*");
    }

    [Theory]
    [InlineData("\"liver\": 1", "\"liver\": \"x\"", "*dataset.json*")]
    [InlineData("\"0\": \"CT\"", "\"0\": 5", "*dataset.json*")]
    [InlineData("\"tumor\": 2", "\"tumor\": 1", "*dataset.json* it gives two labels the same number*")]
    [InlineData("\"channel_names\"", "[", "*dataset.json* it is no JSON*")]
    public void A_description_of_the_data_that_makes_no_sense_is_refused_by_name(string text, string instead, string message)
    {
        Dataset.Should().Contain(text);
        string folder = Results(Architecture, Dataset.Replace(text, instead, StringComparison.Ordinal));

        FluentActions.Invoking(() => NnUNetModel.Load(folder)).Should().Throw<CheckpointException>().WithMessage(message);
        FluentActions.Invoking(() => NnUNetModel.Architecture(folder)).Should().Throw<CheckpointException>().WithMessage(message);
    }

    [Theory]
    [InlineData("plans.json")]
    [InlineData("dataset.json")]
    [InlineData("fold_0/checkpoint_final.pth")]
    public void A_folder_in_place_of_a_file_is_refused_by_name(string file)
    {
        string folder = Results(Architecture, Dataset);
        File.Delete(Path.Combine(folder, file));
        Directory.CreateDirectory(Path.Combine(folder, file));

        FluentActions.Invoking(() => NnUNetModel.Load(folder)).Should().Throw<CheckpointException>().WithMessage($"*{Path.GetFileName(file)}*");
    }

    [Fact]
    public void Regions_and_absent_files_are_refused_by_name()
    {
        string regions = Results(Architecture, Dataset.Replace("\"tumor\": 2", "\"all\": [1, 2]", StringComparison.Ordinal));

        FluentActions.Invoking(() => NnUNetModel.Load(regions)).Should().Throw<CheckpointException>().WithMessage("*dataset.json*regions*");
        FluentActions.Invoking(() => NnUNetModel.Load(regions, fold: 3)).Should().Throw<CheckpointException>().WithMessage("*fold_3*no such file*");
        File.Delete(Path.Combine(regions, "dataset.json"));
        FluentActions.Invoking(() => NnUNetModel.Load(regions)).Should().Throw<CheckpointException>().WithMessage("*dataset.json*missing*");
        FluentActions.Invoking(() => NnUNetModel.Architecture(_folder["absent"])).Should().Throw<CheckpointException>().WithMessage("*plans.json*");
    }

    [Fact]
    public void Such_a_network_can_teach_and_stays_as_it_is()
    {
        using var scope = torch.NewDisposeScope();
        string results = new NnUNetResults { Labels = """{ "background": 0, "lesion": 1, "organ": 2 }""" }.Write(_folder.Root), images = _folder["data"];
        CtMrFolder.Write(images, cases: 2);
        DatasetDescription data = MedicalDataset.Describe(images);
        using SegmentationModel model = NnUNetModel.Load(results, data: data);
        NnUNetPreprocessing learned = NnUNetModel.Preprocessing(results);
        var preprocessing = new PreprocessingOptions
        {
            Modalities = data.Modalities,
            Spacing = new Spacing(learned.VoxelSize[0], learned.VoxelSize[1], learned.VoxelSize[2]),
            SubsamplingFactor = 1,
            CropSize = VolumeSize.Cube(16),
            Normalizations = model.Network.Modalities.Zip(learned.Normalizations).ToDictionary(pair => pair.First, pair => pair.Second),
        };
        var teacher = new FrozenTeacher(model.Network);
        Dictionary<string, byte[]> before = State(model);
        IReadOnlyList<CachedCase> cases = new PreprocessingCache(_folder["cache"], preprocessing).Prepare(MedicalDataset.Open(images).Cases);
        using var student = new UNet3D(new UNet3DOptions { Modalities = ["MR"], OutputChannels = 3, BaseWidth = 4, Levels = 2 });
        using WeightedObjective objective = KDNetObjective.Create();
        var trainer = new DistillationTrainer(student, teacher, data.Labels.Classes, new TrainingOptions { Epochs = 2 }, objective);

        TrainingResult result = trainer.Fit(new CaseBatchSource(cases, new CaseBatchOptions { BatchSize = 1 }));

        result.History.Should().HaveCount(2);
        teacher.Network.Module.parameters().Should().OnlyContain(parameter => !parameter.requires_grad);
        State(model).Should().BeEquivalentTo(before);
        preprocessing.NormalizationOf("CT").Should().Be(Normalization.OfCt(-900, 150, 20.5, 70.25));
        preprocessing.NormalizationOf("MR").Should().Be(Normalization.ZScoreNonZero);
    }

    [Fact]
    public void On_a_data_set_its_outputs_are_those_of_the_classes_of_that_name()
    {
        using var scope = torch.NewDisposeScope();
        string folder = Results(Architecture, Dataset);
        var data = new DatasetDescription(["MR", "pet", "ct"], LabelConvention.Parse("5=tumor,1=LIVER"));
        using SegmentationModel raw = NnUNetModel.Load(folder), fitted = NnUNetModel.Load(folder, data: data);
        torch.Tensor images = torch.randn([1, 2, 4, 8, 8]);

        torch.Tensor expected = ((PlainConvUNet)raw.Network).call(images), found = ((PlainConvUNet)fitted.Network).call(images);

        fitted.Network.Modalities.Should().Equal("ct", "pet");
        ((ExclusiveClasses)fitted.Labels).ClassNames.Should().Equal("background", "tumor", "LIVER");
        (found - expected.index_select(1, torch.tensor([0L, 2L, 1L]))).abs().max().item<float>().Should().Be(0);
    }

    [Fact]
    public void Tumors_of_BraTS_are_known_by_any_of_their_names_and_numbers()
    {
        string dataset = Dataset.Replace(
            "\"0\": \"CT\", \"1\": \"PET\"", "\"0\": \"T1w\", \"1\": \"T1gd\", \"2\": \"T2w\", \"3\": \"FLAIR\"", StringComparison.Ordinal)
            .Replace("\"liver\": 1, \"tumor\": 2", "\"edema\": 1, \"non-enhancing tumor\": 2, \"enhancing tumour\": 3", StringComparison.Ordinal);
        string folder = Results(Architecture, dataset);

        NnUNetDataset.Read(Path.Combine(folder, "dataset.json")).On(new DatasetDescription(BraTSModality.All, BraTSLabelConvention.BraTS2018))
            .Should().BeEquivalentTo(new NnUNetFit([BraTSModality.T1, BraTSModality.T1ce, BraTSModality.T2, BraTSModality.Flair], [0, 2, 1, 3]),
                options => options.WithStrictOrdering());
    }

    [Theory]
    [InlineData("\"spacing\"", "\"sizes\"", "*plans.json*says nothing of spacing*")]
    [InlineData("[1,1,1], \"normalization", "[1,1], \"normalization", null)]
    [InlineData("[1,1,1], \"normalization", "[1], \"normalization", "*plans.json*spacing is not two or three lengths*")]
    [InlineData("[1,1,1], \"normalization", "[1,0,1], \"normalization", "*plans.json*spacing is not two or three lengths above 0*")]
    [InlineData("[false, true]", "[false]", "*plans.json*2 and 1 channels, but there are 2*")]
    [InlineData("foreground_intensity", "background_intensity", "*plans.json*foreground_intensity_properties_per_channel*")]
    [InlineData("\"std\": 70.25", "\"std\": 0", "*plans.json*deviation above 0*")]
    [InlineData("\"mean\"", "\"median\"", "*plans.json*")]
    public void Plans_that_do_not_say_how_images_were_prepared_are_refused_by_name(string text, string instead, string? message)
    {
        string folder = new NnUNetResults().Write(_folder.Root), plans = Path.Combine(folder, "plans.json");
        File.ReadAllText(plans).Should().Contain(text);
        File.WriteAllText(plans, File.ReadAllText(plans).Replace(text, instead, StringComparison.Ordinal));
        Action read = () => NnUNetModel.Preprocessing(folder);

        if (message is null)
            read.Should().NotThrow("a network may see slices");
        else
            read.Should().Throw<CheckpointException>().WithMessage(message);
    }

    public void Dispose() => _folder.Dispose();

    private static string Fixture(string name) => Path.Combine(SharedData.CheckoutFolder, "tests", "Fixtures", "PyTorch", name);

    private static Dictionary<string, byte[]> State(SegmentationModel model) =>
        model.Network.Module.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.bytes.ToArray());

    private string Results(string plans, string dataset)
    {
        string folder = _folder["nnUNetTrainer__nnUNetPlans__3d_fullres"];
        Directory.CreateDirectory(Path.Combine(folder, "fold_0"));
        File.WriteAllText(Path.Combine(folder, "plans.json"), plans);
        File.WriteAllText(Path.Combine(folder, "dataset.json"), dataset);
        File.Copy(Fixture("plain_conv_unet.pth"), Path.Combine(folder, "fold_0", "checkpoint_final.pth"));
        return folder;
    }
}
