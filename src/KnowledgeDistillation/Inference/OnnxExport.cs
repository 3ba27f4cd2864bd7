using System.Globalization;
using KnowledgeDistillation.Onnx;

namespace KnowledgeDistillation.Inference;

/// <summary>Writes models as ONNX files, for programs without torch.</summary>
/// <remarks>
/// One input per modality, of its name, float32 [N, C, spatial...]; one output, <c>logits</c>, raw logits [N, K, spatial...]. N and the spatial sizes are free,
/// within what fits the network. Operators of set 17, IR version 8, weights in float32. The metadata says the rest: <see cref="OnnxModelDescription"/>.
/// </remarks>
public static class OnnxExport
{
    private const string Output = "logits";
    private static readonly string[] VolumeAxes = ["depth", "height", "width"];

    /// <summary>
    /// Writes a model. Weights of more than 1.9 GB, which no ONNX file can hold, go to a second file beside it, called the same with ".data" at the end.
    /// </summary>
    /// <param name="model">The model, with its facts; the network computes as in evaluation mode.</param>
    /// <param name="path">The file, which is replaced only when all is written.</param>
    /// <param name="options">What to write; null for all of it.</param>
    /// <exception cref="NotSupportedException">The network, or a part of it, cannot be written as ONNX; the message names it and says what to do.</exception>
    /// <exception cref="ArgumentException">A modality of the options is none of the network, or the network needs one that they leave out.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(SegmentationModel model, string path, OnnxExportOptions? options = null) => Save(model, path, options, OnnxFile.MostBytesWithin);

    internal static void Save(SegmentationModel model, string path, OnnxExportOptions? options, long mostBytesWithin)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        IEncoderDecoder network = model.Network;
        IOnnxExportable exportable = OnnxGraph.Exportable(network);
        IReadOnlyList<string> modalities = Chosen(network, options?.Modalities);
        var graph = new OnnxGraph(network.Module, network.SpatialDimensions);
        string[] axes = VolumeAxes[^network.SpatialDimensions..];
        (OnnxValue Value, IReadOnlyList<string> Shape)[] inputs =
        [
            .. modalities.Select(name => (graph.NewValue(name), (IReadOnlyList<string>)["batch", Channels(name), .. axes])),
        ];
        // The name of the output is taken before others can have it.
        OnnxValue output = graph.NewValue(Output);
        OnnxValue logits = exportable.WriteOnnx(
            graph, modalities.Zip(inputs).ToDictionary(input => input.First, input => input.Second.Value, StringComparer.Ordinal));
        graph.Give(logits, output);
        var description = new OnnxModelDescription
        {
            Modalities = modalities,
            Labels = model.Labels,
            SizeMultiple = network.SizeMultiple,
            SpatialDimensions = network.SpatialDimensions,
            Metadata = model.Metadata,
        };
        Dictionary<string, string> metadata = new(description.Write());
        foreach ((string name, string value) in options?.Facts ?? new Dictionary<string, string>())
        {
            if (!metadata.TryAdd(name, value))
                throw new ArgumentException($"The fact '{name}' is one that the file keeps itself: give it another name.", nameof(options));
        }

        OnnxFile.Write(path, graph, inputs, (output, ["batch", Number(network.OutputChannels), .. axes]), metadata, mostBytesWithin);

        string Channels(string name) => exportable.ImageChannels(name) is { } count ? Number(count) : $"channels of {name}";
    }

    private static IReadOnlyList<string> Chosen(IEncoderDecoder network, IReadOnlyList<string>? modalities)
    {
        if (modalities is null)
            return network.Modalities;
        string known = string.Join(", ", network.Modalities);
        if (modalities.Except(network.Modalities, StringComparer.Ordinal).FirstOrDefault() is { } foreign)
            throw new ArgumentException($"The network sees {known}, but '{foreign}' is to be exported.", nameof(modalities));
        if (modalities.Count == 0)
            throw new ArgumentException($"At least one modality of the network ({known}) must be exported.", nameof(modalities));
        string[] chosen = [.. network.Modalities.Where(name => modalities.Contains(name, StringComparer.Ordinal))];
        return chosen.Length == network.Modalities.Count || !network.NeedsAllModalities
            ? chosen
            : throw new ArgumentException($"The network needs all of {known}, but only {string.Join(", ", chosen)} is to be exported.", nameof(modalities));
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
