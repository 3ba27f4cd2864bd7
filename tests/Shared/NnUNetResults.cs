using System.Text.Json;
using System.Text.RegularExpressions;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using TorchSharp;

namespace KnowledgeDistillation.Tests;

/// <summary>
/// A folder as nnU-Net v2 leaves it, of a network with random weights for the images of CtMrFolder. The weights have nnU-Net's names; that files of PyTorch
/// are read is tested elsewhere.
/// </summary>
internal sealed record NnUNetResults
{
    public string Channels { get; init; } = """{ "0": "CT", "1": "MR" }""";

    public string Labels { get; init; } = """{ "background": 0, "organ": 1, "lesion": 2, "ignore": 3 }""";

    public int[] Features { get; init; } = [4, 8];

    public int[] Stride { get; init; } = [2, 2, 2];

    public double[] Spacing { get; init; } = [1, 1, 1];

    public string[] Normalizations { get; init; } = ["CTNormalization", "ZScoreNormalization"];

    public int[] Axes { get; init; } = [0, 1, 2];

    public int Seed { get; init; } = 1;

    /// <summary>Writes one fold.</summary>
    /// <returns>The folder of the results.</returns>
    public string Write(string parent, int fold = 0)
    {
        string folder = Path.Combine(parent, "nnUNetTrainer__nnUNetPlans__3d_fullres");
        string ofFold = Directory.CreateDirectory(Path.Combine(folder, $"fold_{fold}")).FullName;
        int[][] strides = [[1, 1, 1], .. Enumerable.Repeat(Stride, Features.Length - 1)];
        int[][] kernels = [.. Features.Select(_ => new[] { 3, 3, 3 })];
        File.WriteAllText(Path.Combine(folder, "dataset.json"), $$"""
            { "channel_names": {{Channels}}, "labels": {{Labels}}, "numTraining": 1, "file_ending": ".nii.gz" }
            """);
        File.WriteAllText(Path.Combine(folder, "plans.json"), $$"""
            { "transpose_forward": {{Json(Axes)}}, "image_reader_writer": "SimpleITKIO",
              "foreground_intensity_properties_per_channel": {
                "0": { "percentile_00_5": -900.0, "percentile_99_5": 150.0, "mean": 20.5, "std": 70.25 } },
              "configurations": { "3d_fullres": {
                "spacing": {{Json(Spacing)}}, "normalization_schemes": {{Json(Normalizations)}}, "use_mask_for_norm": [false, true],
                "architecture": { "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet", "arch_kwargs": {
                  "n_stages": {{Features.Length}}, "features_per_stage": {{Json(Features)}}, "kernel_sizes": {{Json(kernels)}}, "strides": {{Json(strides)}},
                  "n_conv_per_stage": 2, "n_conv_per_stage_decoder": 2, "conv_bias": true } } } } }
            """);
        torch.manual_seed(Seed);
        using var scope = torch.NewDisposeScope();
        var options = new PlainConvUNetOptions
        {
            Modalities = ["CT", "MR"],
            OutputChannels = 3,
            Features = Features,
            KernelSizes = kernels,
            Strides = strides,
        };
        using var network = new PlainConvUNet(options);
        SafetensorsFile.Write(
            Path.Combine(ofFold, "checkpoint_final.pth"), network.state_dict().ToDictionary(entry => Theirs(entry.Key), entry => entry.Value));
        return folder;
    }

    private string Theirs(string name)
    {
        (string Ours, string Theirs)[] patterns =
        [
            (@"^encoder\.(\d+)\.(\d+)\.convolution\.", "encoder.stages.$1.0.convs.$2.conv."),
            (@"^encoder\.(\d+)\.(\d+)\.norm\.", "encoder.stages.$1.0.convs.$2.norm."),
            (@"^decoder\.(\d+)\.(\d+)\.convolution\.", "decoder.stages.$1.convs.$2.conv."),
            (@"^decoder\.(\d+)\.(\d+)\.norm\.", "decoder.stages.$1.convs.$2.norm."),
            (@"^up\.", "decoder.transpconvs."),
            (@"^head\.", $"decoder.seg_layers.{Features.Length - 2}."),
        ];
        return Array.Find(patterns, pattern => Regex.IsMatch(name, pattern.Ours)) is { Ours: { } ours, Theirs: var theirs }
            ? Regex.Replace(name, ours, theirs)
            : throw new InvalidOperationException(name);
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value);
}
