using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.NnUNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests;
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
    public void Such_a_network_can_teach()
    {
        using var scope = torch.NewDisposeScope();
        string folder = Results(Architecture, Dataset);
        using SegmentationModel model = NnUNetModel.Load(folder, fold: 0);
        var teacher = new FrozenTeacher(model.Network);

        teacher.Network.Module.parameters().Should().OnlyContain(parameter => !parameter.requires_grad);
    }

    public void Dispose() => _folder.Dispose();

    private static string Fixture(string name) => Path.Combine(SharedData.CheckoutFolder, "tests", "Fixtures", "PyTorch", name);

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
