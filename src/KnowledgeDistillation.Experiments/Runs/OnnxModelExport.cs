using System.Text.Encodings.Web;
using System.Text.Json;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>
/// Makes an ONNX file of a trained network, which besides what <see cref="OnnxExport"/> keeps says what a program without this library needs: which numbers
/// stand for which classes in segmentation files (<c>labels</c>), what is scored (<c>regions</c>), and how intensities are normalized (<c>normalization</c>).
/// </summary>
public static class OnnxModelExport
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the file. What the network was trained on (hashed names of cases, places of teachers) is left out.</summary>
    /// <param name="model">The folder of a checkpoint, or of a training, whose best is taken, or an archive of a model.</param>
    /// <param name="path">The file.</param>
    /// <param name="modalities">The modalities that it sees, for a network that works with any subset of its own; null for all.</param>
    /// <exception cref="CheckpointException">The model is missing or damaged, or cannot be built from its recipe.</exception>
    /// <exception cref="ExperimentException">The network does not know one of the modalities, or needs one that is left out.</exception>
    /// <exception cref="InvalidDataException">The model does not say how images are prepared, or what it says makes no sense.</exception>
    /// <exception cref="NotSupportedException">The network cannot be written as ONNX; the message says why.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string model, string path, IReadOnlyList<string>? modalities = null)
    {
        using var loaded = SegmentationModel.Load(model);
        var options = new OnnxExportOptions { Modalities = modalities, Facts = Facts(loaded.Metadata, modalities ?? loaded.Network.Modalities) };
        Dictionary<string, string> metadata = loaded.Metadata.Where(fact => !RunMetadata.TellsOfCases(fact.Key)).ToDictionary();
        try
        {
            // The network still belongs to the model that was loaded.
            OnnxExport.Save(new SegmentationModel(loaded.Network, loaded.Labels, metadata), path, options);
        }
        catch (ArgumentException exception)
        {
            throw new ExperimentException(exception.Message, exception);
        }
    }

    private static Dictionary<string, string> Facts(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<string> modalities)
    {
        LabelConvention labels = RunMetadata.LabelsOf(metadata);
        PreprocessingOptions preprocessing = PreprocessingMetadata.Read(metadata, modalities);
        return new Dictionary<string, string>
        {
            ["labels"] = Json(labels.Map.Names.Index().Select(name => (name.Item, labels.Map.LabelOf(name.Index)))),
            ["regions"] = Json(labels.Regions.Select(region => (region.Name, region.Classes.Select(labels.Map.LabelOf).ToArray()))),
            ["normalization"] = Json(modalities.Select(name => (name, preprocessing.NormalizationOf(name).ToString()))),
        };
    }

    private static string Json<T>(IEnumerable<(string Name, T Value)> values) =>
        JsonSerializer.Serialize(new OrderedDictionary<string, T>(values.Select(item => KeyValuePair.Create(item.Name, item.Value))), Relaxed);
}
