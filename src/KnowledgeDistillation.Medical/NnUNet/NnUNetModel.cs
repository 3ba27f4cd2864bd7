using System.Text.Json;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Medical.NnUNet;

/// <summary>
/// Networks that nnU-Net v2 has trained: a folder of its results, such as <c>nnUNet_results/Dataset501_Liver/nnUNetTrainer__nnUNetPlans__3d_fullres</c>, with
/// plans.json, dataset.json and fold_0/checkpoint_final.pth.
/// </summary>
/// <remarks>
/// The images must be prepared as nnU-Net prepared them: resampled to its spacing, normalized as its plans say, with its axes.
/// No model of nnU-Net says that in a form that our preprocessing reads, so the model that is loaded here keeps no facts of it.
/// </remarks>
public static class NnUNetModel
{
    private const string Plans = "plans.json", NetworkName = "PlainConvUNet";
    private const int AxesOfSlices = 2, DefaultFeatures = 32, MostFeaturesOfVolumes = 320, MostFeaturesOfSlices = 512;

    /// <summary>Builds the network and loads its weights.</summary>
    /// <param name="folder">The folder of the results of one trainer and configuration.</param>
    /// <param name="fold">The fold. Default 0.</param>
    /// <param name="checkpoint">The name of the checkpoint. Default the last one.</param>
    /// <returns>The network with nnU-Net's classes, in the order of their numbers.</returns>
    /// <exception cref="CheckpointException">A file is missing, damaged or hostile, the network is of another kind, or weights do not fit it.</exception>
    public static SegmentationModel Load(string folder, int fold = 0, string checkpoint = "checkpoint_final.pth")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentException.ThrowIfNullOrWhiteSpace(checkpoint);
        string path = Path.Combine(folder, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"fold_{fold}"), checkpoint);
        if (!File.Exists(path))
            throw new CheckpointException(path, "there is no such file");
        (PlainConvUNetOptions options, LabelConvention labels) = Describe(folder, configuration: null);
        PlainConvUNet network = Build(folder, options, path);
        try
        {
            ForeignWeights.Load(network, path, options.NnUNetNames());
            return new SegmentationModel(network, labels.Classes);
        }
        catch (Exception exception)
        {
            network.Dispose();
            // The names are not the caller's own, so the file is at fault where they do not suit it.
            if (exception is ArgumentException or FileNotFoundException)
                throw new CheckpointException(path, exception.Message, exception);
            throw;
        }
    }

    /// <summary>The architecture that the plans and the description of the data set name.</summary>
    /// <param name="folder">The folder of the results of one trainer and configuration.</param>
    /// <param name="configuration">The configuration, for example "3d_fullres"; null for what the folder is called after its last "__".</param>
    /// <exception cref="CheckpointException">A file is missing or damaged, or the network is of another kind; the message says which.</exception>
    public static PlainConvUNetOptions Architecture(string folder, string? configuration = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return Describe(folder, configuration).Options;
    }

    private static (PlainConvUNetOptions Options, LabelConvention Labels) Describe(string folder, string? configuration)
    {
        string path = Path.Combine(folder, Plans);
        configuration ??= Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))).Split("__")[^1];
        try
        {
            using JsonDocument plans = JsonFile.ParseDocument(File.ReadAllBytes(path));
            (string[] channels, LabelConvention labels) = ReadDataset(Path.Combine(folder, ImagesFolder.Description));
            PlainConvUNetOptions options = Of(plans.RootElement, configuration) with { Modalities = channels, OutputChannels = labels.Classes.Channels };
            options.Validate();
            return (options, labels);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "there is no such file", exception);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or (IOException and not CheckpointException))
        {
            throw new CheckpointException(path, exception.Message, exception);
        }
        catch (Exception exception) when (exception is JsonException or InvalidDataException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            throw new CheckpointException(path, $"its configuration '{configuration}' makes no network: {exception.Message}", exception);
        }
    }

    private static PlainConvUNet Build(string folder, PlainConvUNetOptions options, string checkpoint)
    {
        try
        {
            // What the plans ask for is not believed before the weights are seen; each has a byte at least.
            using WeightLimit.Scope limit = WeightLimit.Use(new FileInfo(checkpoint).Length);
            return new PlainConvUNet(options);
        }
        catch (ArgumentException exception)
        {
            throw new CheckpointException(Path.Combine(folder, Plans), $"its network cannot be built: {exception.Message}", exception);
        }
    }

    private static PlainConvUNetOptions Of(JsonElement plans, string configuration)
    {
        JsonElement configurations = plans.GetProperty("configurations");
        if (!configurations.TryGetProperty(configuration, out _))
        {
            throw new InvalidDataException(
                $"there are only {string.Join(", ", configurations.EnumerateObject().Select(each => each.Name))}; name the one that is meant");
        }

        // Plans of nnU-Net 2.4 and later say it in one place, those before in several.
        if (Find(configurations, configuration, "architecture") is { } architecture)
        {
            RequireKind(architecture.GetProperty("network_class_name").GetString());
            JsonElement of = architecture.GetProperty("arch_kwargs");
            return Make(
                Numbers(of.GetProperty("features_per_stage")), Lists(of.GetProperty("kernel_sizes")), Lists(of.GetProperty("strides")),
                of.GetProperty("n_conv_per_stage"), of.GetProperty("n_conv_per_stage_decoder"), of.GetProperty("conv_bias").GetBoolean());
        }

        RequireKind(Wanted("UNet_class_name").GetString());
        int[][] kernels = Lists(Wanted("conv_kernel_sizes")), strides = Lists(Wanted("pool_op_kernel_sizes"));
        if (kernels is not [{ Length: > 0 }, ..])
            throw new InvalidDataException("its conv_kernel_sizes are empty");
        int first = Find(configurations, configuration, "UNet_base_num_features")?.GetInt32() ?? DefaultFeatures;
        int most = Find(configurations, configuration, "unet_max_num_features")?.GetInt32()
            ?? (kernels[0].Length == AxesOfSlices ? MostFeaturesOfSlices : MostFeaturesOfVolumes);
        return Make(
            [.. strides.Select((_, stage) => (int)Math.Clamp((long)first << stage, 0, most))], kernels, strides,
            Wanted("n_conv_per_stage_encoder"), Wanted("n_conv_per_stage_decoder"), bias: true);

        JsonElement Wanted(string name) => Find(configurations, configuration, name) ?? throw new InvalidDataException($"it says nothing of {name}");
    }

    private static PlainConvUNetOptions Make(
        int[] features, int[][] kernels, int[][] strides, JsonElement encoderConvolutions, JsonElement decoderConvolutions, bool bias) => new()
        {
            Modalities = [],
            OutputChannels = 1,
            Features = features,
            KernelSizes = kernels,
            Strides = strides,
            EncoderConvolutions = Repeated(encoderConvolutions, features.Length),
            DecoderConvolutions = Repeated(decoderConvolutions, features.Length - 1),
            ConvolutionBias = bias,
        };

    // Where a configuration is silent, the one counts from which it inherits.
    private static JsonElement? Find(JsonElement configurations, string configuration, string name)
    {
        HashSet<string> seen = [];
        while (seen.Add(configuration))
        {
            JsonElement own = configurations.GetProperty(configuration);
            if (own.TryGetProperty(name, out JsonElement value))
                return value;
            if (!own.TryGetProperty("inherits_from", out JsonElement parent))
                return null;
            configuration = parent.GetString() ?? "";
        }

        throw new InvalidDataException("it inherits from itself");
    }

    private static void RequireKind(string? name)
    {
        if (name?.Split('.')[^1] != NetworkName)
            throw new InvalidDataException($"its network is a {name}, but only a {NetworkName} can be built here");
    }

    private static int[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt32())];

    private static int[][] Lists(JsonElement list) => [.. list.EnumerateArray().Select(Numbers)];

    private static int[] Repeated(JsonElement counts, int length) =>
        counts.ValueKind == JsonValueKind.Number ? [.. Enumerable.Repeat(counts.GetInt32(), Math.Max(0, length))] : Numbers(counts);

    private static (string[] Channels, LabelConvention Labels) ReadDataset(string path)
    {
        try
        {
            using DescribedDataset? description = DescribedDataset.Read(path);
            if (description?.Has("channel_names") != true)
                throw new CheckpointException(path, "it is missing or names no channels");
            IReadOnlyList<(string Name, IReadOnlyList<int> Numbers)>? labels = description.Labels();
            return labels?.All(label => label.Numbers.Count == 1) == true && description.Convention(labels) is { } convention
                ? (description.Channels("channel_names"), convention)
                : throw new CheckpointException(
                    path, "its labels are missing, or are regions, for which the network has sigmoids; only exclusive labels can be read");
        }
        catch (MedicalDatasetException exception)
        {
            // Its message begins with the path, as that of this exception does.
            throw new CheckpointException(path, exception.Message.Replace($"'{path}'", "it", StringComparison.Ordinal), exception);
        }
    }
}
