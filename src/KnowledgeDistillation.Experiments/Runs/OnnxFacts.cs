using System.Text.Encodings.Web;
using System.Text.Json;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>
/// What a program without this library needs to know of a network besides what every ONNX file of it says: which numbers stand for which classes in
/// segmentation files, what is scored, and how intensities are normalized. As JSON, for <see cref="Inference.OnnxExportOptions.Facts"/>.
/// </summary>
public static class OnnxFacts
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The facts: <c>labels</c>, <c>regions</c> (of numbers in segmentation files) and <c>normalization</c>.</summary>
    /// <param name="metadata">The metadata of a checkpoint.</param>
    /// <param name="modalities">The modalities that are exported.</param>
    /// <exception cref="InvalidDataException">It does not say how images were prepared, or makes no sense.</exception>
    public static IReadOnlyDictionary<string, string> Of(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<string> modalities)
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
