using System.Globalization;
using System.Text.Json;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using TorchSharp;

namespace KnowledgeDistillation.Medical.NnUNet;

/// <summary>
/// Networks that nnU-Net v2 has trained: a folder of its results, such as <c>nnUNet_results/Dataset501_Liver/nnUNetTrainer__nnUNetPlans__3d_fullres</c>, with
/// plans.json, dataset.json and fold_0/checkpoint_final.pth.
/// </summary>
/// <remarks>
/// The images must be prepared as nnU-Net prepared them: resampled to its spacing, normalized as its plans say, with its axes, which
/// <see cref="Preprocessing"/> tells. The model that is loaded here keeps no facts of it.
/// </remarks>
public static class NnUNetModel
{
    /// <summary>The file with the architecture and the preprocessing.</summary>
    internal const string Plans = "plans.json";

    private const string NetworkName = "PlainConvUNet", Head = "head.weight", HeadBias = "head.bias", ReaderToRas = "NibabelIOWithReorient";
    private const int AxesOfSlices = 2, DefaultFeatures = 32, MostFeaturesOfVolumes = 320, MostFeaturesOfSlices = 512;

    /// <summary>Builds the network and loads its weights.</summary>
    /// <param name="folder">The folder of the results of one trainer and configuration.</param>
    /// <param name="fold">The fold. Default 0.</param>
    /// <param name="checkpoint">The name of the checkpoint. Default the last one.</param>
    /// <param name="data">
    /// The data set on which the network is used. Its channels then have the names of the data set's modalities, and its outputs the order of the data set's
    /// classes, both found by their names, for which those of BraTS may be written as they are in any of its years. Default null: nnU-Net's names, and
    /// its classes in the order of their numbers.
    /// </param>
    /// <returns>The network.</returns>
    /// <exception cref="CheckpointException">
    /// A file is missing, damaged or hostile, the network is of another kind, weights do not fit it, or modalities or classes are not those of the data set.
    /// </exception>
    public static SegmentationModel Load(
        string folder, int fold = 0, string checkpoint = NnUNetCheckpoint.Final, DatasetDescription? data = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentException.ThrowIfNullOrWhiteSpace(checkpoint);
        return Load(
            new NnUNetCheckpoint(folder, Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"fold_{fold}"), checkpoint)), data);
    }

    /// <summary>Builds a network that was found and loads its weights.</summary>
    /// <exception cref="CheckpointException">It cannot be read, or does not fit the data set.</exception>
    internal static SegmentationModel Load(NnUNetCheckpoint checkpoint, DatasetDescription? data)
    {
        (string folder, string path) = checkpoint;
        if (!File.Exists(path))
            throw new CheckpointException(path, "there is no such file");
        (PlainConvUNetOptions options, NnUNetDataset dataset) = Describe(folder, configuration: null);
        NnUNetFit? fit = data is null ? null : dataset.On(data);
        PlainConvUNet network = Build(folder, fit is null ? options : options with { Modalities = fit.Modalities }, path);
        try
        {
            ForeignWeights.Load(network, path, options.NnUNetNames());
            if (fit is not null)
                Reorder(network, fit.Outputs);
            return new SegmentationModel(network, data?.Labels.Classes ?? dataset.Labels.Classes);
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

    /// <summary>How the images were prepared that the network has learned from.</summary>
    /// <param name="folder">The folder of the results of one trainer and configuration.</param>
    /// <param name="configuration">The configuration, for example "3d_fullres"; null for what the folder is called after its last "__".</param>
    /// <exception cref="CheckpointException">
    /// A file is missing or damaged, or images were normalized in a way that is not known here; the message names the channel and the normalization.
    /// </exception>
    public static NnUNetPreprocessing Preprocessing(string folder, string? configuration = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return ReadPlans(folder, configuration, (plans, named, dataset) => PreprocessingOf(plans, named, dataset.Channels));
    }

    /// <summary>The modalities of a data set that the channels of the network are, in their order.</summary>
    /// <exception cref="CheckpointException">A file is missing or damaged, or modalities or classes are not those of the data set.</exception>
    internal static IReadOnlyList<string> ModalitiesOn(string folder, DatasetDescription data) =>
        NnUNetDataset.Read(Path.Combine(folder, ImagesFolder.Description)).On(data).Modalities;

    /// <summary>The architecture that the plans and the description of the data set name.</summary>
    /// <param name="folder">The folder of the results of one trainer and configuration.</param>
    /// <param name="configuration">The configuration, for example "3d_fullres"; null for what the folder is called after its last "__".</param>
    /// <exception cref="CheckpointException">A file is missing or damaged, or the network is of another kind; the message says which.</exception>
    public static PlainConvUNetOptions Architecture(string folder, string? configuration = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return Describe(folder, configuration).Options;
    }

    private static (PlainConvUNetOptions Options, NnUNetDataset Dataset) Describe(string folder, string? configuration) =>
        ReadPlans(folder, configuration, (plans, named, dataset) =>
        {
            PlainConvUNetOptions options =
                Of(plans, named) with { Modalities = dataset.Channels, OutputChannels = dataset.Labels.Classes.Channels };
            options.Validate();
            return (options, dataset);
        });

    private static T ReadPlans<T>(string folder, string? configuration, Func<JsonElement, string, NnUNetDataset, T> read)
    {
        string path = Path.Combine(folder, Plans);
        configuration ??= Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))).Split("__")[^1];
        try
        {
            using JsonDocument plans = JsonFile.ParseDocument(File.ReadAllBytes(path));
            return read(plans.RootElement, configuration, NnUNetDataset.Read(Path.Combine(folder, ImagesFolder.Description)));
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

    private static NnUNetPreprocessing PreprocessingOf(JsonElement plans, string configuration, string[] channels)
    {
        JsonElement configurations = ConfigurationsWith(plans, configuration);
        double[] spacing = [.. Wanted("spacing").EnumerateArray().Select(length => length.GetDouble())];
        if (spacing.Length is < 2 or > 3 || !Array.TrueForAll(spacing, length => double.IsFinite(length) && length > 0))
            throw new InvalidDataException("its spacing is not two or three lengths above 0");
        string?[] schemes = [.. Wanted("normalization_schemes").EnumerateArray().Select(name => name.GetString())];
        bool[] masked = [.. Wanted("use_mask_for_norm").EnumerateArray().Select(used => used.GetBoolean())];
        if (schemes.Length != channels.Length || masked.Length != channels.Length)
            throw new InvalidDataException($"it normalizes {schemes.Length} and {masked.Length} channels, but there are {channels.Length}");
        return new NnUNetPreprocessing
        {
            VoxelSize = [.. spacing.Reverse()],
            Normalizations = [.. channels.Select((_, channel) => NormalizationOf(channel))],
            KeepsAxes = !plans.TryGetProperty("transpose_forward", out JsonElement turned) || Numbers(turned).SequenceEqual([0, 1, 2]),
            ReorientsToRas = plans.TryGetProperty("image_reader_writer", out JsonElement reader) && reader.GetString() == ReaderToRas,
        };

        JsonElement Wanted(string name) => Find(configurations, configuration, name) ?? throw new InvalidDataException($"it says nothing of {name}");

        Normalization NormalizationOf(int channel) => schemes[channel] switch
        {
            "ZScoreNormalization" => masked[channel] ? Normalization.ZScoreNonZero : Normalization.ZScore,
            "NoNormalization" => Normalization.None,
            "CTNormalization" => CtOf(channel),
            var other => throw new InvalidDataException(
                $"the channel {channels[channel]} is normalized by {other}, but only ZScoreNormalization, CTNormalization and NoNormalization are known here"),
        };

        Normalization CtOf(int channel)
        {
            if (!plans.TryGetProperty("foreground_intensity_properties_per_channel", out JsonElement properties)
                && !plans.TryGetProperty("foreground_intensity_properties_by_modality", out properties))
            {
                throw new InvalidDataException("it says nothing of foreground_intensity_properties_per_channel");
            }

            JsonElement of = properties.GetProperty(channel.ToString(CultureInfo.InvariantCulture));
            return Normalization.OfCt(Number("percentile_00_5"), Number("percentile_99_5"), Number("mean"), Number("std"));

            double Number(string name) => of.GetProperty(name).GetDouble();
        }
    }

    // The classes are the rows of the last convolution.
    private static void Reorder(PlainConvUNet network, IReadOnlyList<int> outputs)
    {
        if (outputs.SequenceEqual(Enumerable.Range(0, outputs.Count)))
            return;
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        torch.Tensor order = torch.tensor([.. outputs.Select(output => (long)output)]);
        foreach ((string name, torch.Tensor weights) in network.state_dict().Where(entry => entry.Key is Head or HeadBias))
            weights.copy_(weights.index_select(0, order));
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
        JsonElement configurations = ConfigurationsWith(plans, configuration);
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

    private static JsonElement ConfigurationsWith(JsonElement plans, string configuration)
    {
        JsonElement configurations = plans.GetProperty("configurations");
        return configurations.TryGetProperty(configuration, out _) ? configurations : throw new InvalidDataException(
            $"there are only {string.Join(", ", configurations.EnumerateObject().Select(each => each.Name))}; name the one that is meant");
    }

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
}
