using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Makes one file of a trained network, to hand over.</summary>
public static class ModelExport
{
    /// <summary>The license of a model whose owner gave none.</summary>
    public const string NoLicense =
        "No license was given for this model. Its weights belong to whoever trained them: ask before you use or pass on the model.\n";

    /// <summary>
    /// Writes weights, recipe, preprocessing, labels, license and a model card to an archive that <see cref="SegmentationModel.Load"/> reads.
    /// What the network was trained on is left out unless it is asked for: even hashes of names tell whether a patient took part, and
    /// paths of teachers may name one.
    /// </summary>
    /// <param name="model">The folder of a checkpoint, or of a training, whose best is taken.</param>
    /// <param name="path">The file, which ends in .zip.</param>
    /// <param name="license">The text of the license; null for <see cref="NoLicense"/>.</param>
    /// <param name="withCases">Whether the hashed names of the cases and the place of the teachers stay in it.</param>
    /// <param name="scores">
    /// A file of scores of this network, as an evaluation writes it, whose means stand in the model card with their intervals; null for none.
    /// </param>
    /// <exception cref="ExperimentException">The file of scores is none, or is of several networks.</exception>
    /// <exception cref="CheckpointException">The model is missing or damaged, or cannot be built from its recipe.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string model, string path, string? license = null, bool withCases = false, string? scores = null)
    {
        using var loaded = SegmentationModel.Load(model);
        string card = ModelCard.Of(loaded, HistoryOf(model), scores is null ? [] : CardScores.Read(scores));
        Dictionary<string, string> metadata = loaded.Metadata.Where(fact => withCases || !RunMetadata.TellsOfCases(fact.Key)).ToDictionary();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kd-export-");
        try
        {
            string written = Path.Combine(folder.FullName, "model");
            // The network still belongs to the model that was loaded.
            new SegmentationModel(loaded.Network, loaded.Labels, metadata).Save(written);
            ModelArchive.Write(written, path, license ?? NoLicense, card);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // That of the training whose best weights the model has; none for others, to which the figures of the best epoch do not belong.
    private static IReadOnlyList<EpochReport> HistoryOf(string model)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        foreach (string folder in new[] { full, Path.GetDirectoryName(full)! })
        {
            var run = new TrainingRun(folder);
            if (File.Exists(run.HistoryFile) && (folder == full || full == run.BestFolder))
                return run.ReadHistory();
        }

        return [];
    }
}
