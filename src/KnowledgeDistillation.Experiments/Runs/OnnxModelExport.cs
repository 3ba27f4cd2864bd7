using System.Text.Encodings.Web;
using System.Text.Json;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Networks;
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
        ArgumentNullException.ThrowIfNull(model);
        Write([model], path, modalities);
    }

    /// <summary>
    /// Writes several networks as one file, whose probabilities are the mean of theirs. It says what all of them say; of sizes of voxels and of intensities,
    /// the range over all.
    /// </summary>
    /// <param name="models">The folders of checkpoints, or of trainings, whose best is taken, or archives of models; at least one.</param>
    /// <param name="path">The file.</param>
    /// <param name="modalities">The modalities that it sees, for networks that work with any subset of their own; null for all.</param>
    /// <exception cref="CheckpointException">A model is missing or damaged, or cannot be built from its recipe.</exception>
    /// <exception cref="ExperimentException">
    /// The networks see other modalities or images that were prepared in another way, or tell apart other classes; or do not know one of the modalities, or
    /// need one that is left out.
    /// </exception>
    /// <exception cref="InvalidDataException">A model does not say how images are prepared, or what it says makes no sense.</exception>
    /// <exception cref="NotSupportedException">A network cannot be written as ONNX; the message says why.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(IReadOnlyList<string> models, string path, IReadOnlyList<string>? modalities = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        if (models.Count == 0)
            throw new ArgumentException("At least one model is needed.", nameof(models));
        List<SegmentationModel> opened = [];
        EnsembleNetwork? ensemble = null;
        try
        {
            foreach (string model in models)
                opened.Add(SegmentationModel.Load(model));
            RefuseDisagreement(models, opened);
            SegmentationModel first = opened[0];
            var options = new OnnxExportOptions { Modalities = modalities, Facts = Facts(first.Metadata, modalities ?? first.Network.Modalities) };
            IEncoderDecoder network = first.Network;
            if (opened.Count > 1)
                network = ensemble = new EnsembleNetwork([.. opened.Select(model => model.Network)], first.Labels);
            OnnxExport.Save(new SegmentationModel(network, first.Labels, Common([.. opened.Select(model => model.Metadata)])), path, options);
        }
        catch (ArgumentException exception)
        {
            throw new ExperimentException(exception.Message, exception);
        }
        finally
        {
            // An ensemble owns its networks.
            if (ensemble is not null)
                ensemble.Dispose();
            else
                opened.ForEach(model => model.Dispose());
        }
    }

    // All networks in one file see the same arrays.
    private static void RefuseDisagreement(IReadOnlyList<string> names, List<SegmentationModel> models)
    {
        NetworkAgreement.Require([.. names.Zip(models, (name, model) => (name, (ICasePredictor)new CaseSegmenter(model)))]);
        for (int i = 1; i < models.Count; i++)
        {
            IReadOnlyList<string> differences = RunMetadata.Differences(HowSeen(models[0]), HowSeen(models[i]));
            if (differences.Count > 0)
            {
                throw new ExperimentException($"In one file all networks see the same images, but those of '{names[i]}' are prepared in another way than those "
                    + $"of '{names[0]}': {string.Join("; ", differences)}. Export each by itself.");
            }
        }
    }

    private static Dictionary<string, string> HowSeen(SegmentationModel model)
    {
        Dictionary<string, string> facts = new(PreprocessingMetadata.Write(PreprocessingMetadata.Read(model.Metadata, model.Network.Modalities)));
        facts["patches"] = PatchMetadata.SizeOf(model.Metadata)?.ToString() ?? "none";
        return facts;
    }

    private static IReadOnlyDictionary<string, string> Common(IReadOnlyDictionary<string, string>[] models)
    {
        Dictionary<string, string> facts = models[0]
            .Where(fact => !RunMetadata.TellsOfCases(fact.Key) && models.All(model => model.GetValueOrDefault(fact.Key) == fact.Value)).ToDictionary();
        if (models.Length == 1)
            return facts;
        TrainingGrids[] grids = [.. models.Select(TrainingGrids.Read).OfType<TrainingGrids>()];
        IReadOnlyDictionary<string, string>? sizes = grids.Length == models.Length ? TrainingGrids.Over(grids).Write() : null;
        IReadOnlyDictionary<string, string> intensities = TrainingIntensities.Over([.. models.Select(TrainingIntensities.Read)]).Write();
        foreach ((string name, string value) in (sizes ?? new Dictionary<string, string>()).Concat(intensities))
            facts[name] = value;
        // All of it or nothing: thresholds belong together.
        return PostProcessingMetadata.Replace(facts, PostProcessingMetadata.ReadCommon(models, out _));
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
