using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>What people should know of a trained network before they use it, in Markdown. What the network does not say is said to be unknown.</summary>
internal static class ModelCard
{
    private const string Unknown = "not known";

    // Facts that have a place of their own in the card: those that begin so, and single ones.
    private static readonly string[] ToldParts = ["preprocessing.", "postprocessing.", "data."];
    private static readonly string[] Told = ["system", "labels", "labels.listed", "regions", "teacher.weights"];

    /// <summary>Writes the card.</summary>
    /// <param name="model">The network with its facts, also of cases, of which only numbers are told.</param>
    /// <param name="history">The epochs of its training; none where they are not known.</param>
    /// <param name="scores">Its scores; none where they are not known.</param>
    public static string Of(SegmentationModel model, IReadOnlyList<EpochReport> history, IReadOnlyList<CardScores> scores)
    {
        IReadOnlyDictionary<string, string> facts = model.Metadata;
        SegmentationSystem? system = RunMetadata.SystemOf(facts) is { } name ? SegmentationSystems.All.FirstOrDefault(one => one.Name == name) : null;
        PreprocessingOptions? preprocessing = Known(() => PreprocessingMetadata.Read(facts, model.Network.Modalities));
        var grids = Known(() => TrainingGrids.Read(facts));
        var intensities = Known(() => TrainingIntensities.Read(facts)) ?? new TrainingIntensities(new Dictionary<string, IReadOnlyList<(double, double)>>());
        // Without facts of a training, the labels would be guessed.
        LabelConvention? labels = facts.ContainsKey("labels") ? Known(() => RunMetadata.LabelsOf(facts)) : null;
        string modalities = string.Join(", ", model.Network.Modalities.Select(BraTSModality.Title));
        var card = new StringBuilder();
        Line($"# Model card: {system?.Title ?? model.Network.Module.GetType().Name} for {modalities}");
        Line();
        Line("Written from what the checkpoint and the folder of its training say. What they do not say is called unknown; nothing was guessed.");

        Heading("Use");
        Line($"- Segments {Classes()} in images of {(model.Network.NeedsAllModalities ? modalities : $"any of {modalities}")}.");
        Line($"- Cleaned away by itself, as chosen on validation cases: {Known(() => PostProcessingMetadata.Read(facts))?.ToString() ?? "nothing"}.");
        Line("- Meant for research. It is no medical device, and nobody has approved it for decisions about patients.");
        Line("- For other diseases, ages, scanners or preparations of images than those below, it was not tried.");

        Heading("Data");
        Line($"- Cases: {Count("cases.training")} for training, {Count("cases.validation")} to choose the best epoch.");
        Line($"- Size of their voxels (right, anterior, superior): {(grids is null ? Unknown : $"{Text(grids.Least)} to {Text(grids.Greatest)} mm")}; "
            + $"orientation of the files: {(grids is { Orientations.Length: > 0 } ? grids.Orientations : Unknown)}.");
        Line($"- Classes, with their numbers in files: {(labels is null ? Unknown : labels.ToText())}.");
        Line($"- Regions that are scored: {(labels is null ? Unknown : string.Join(", ", labels.Regions.Select(region => region.Name)))}.");
        Line($"- Patients (number, age, sex, origin), scanners, dates, and who drew the references: {Unknown}.");

        Heading("Scores");
        WriteScores();

        Heading("Limits");
        WriteLimits();

        Heading("Training");
        Line($"- System: {(system is null ? RunMetadata.SystemOf(facts) ?? Unknown : $"{system.Name} ({system.Summary}; {system.Source})")}.");
        if (facts.TryGetValue("teacher.weights", out string? teachers))
            Line($"- Teacher: known by the checksum of its weights, {teachers}.");
        Line($"- Epochs: {Epochs()}.");
        string[] options = [.. facts.Where(fact => IsOption(fact.Key)).Select(fact => $"{fact.Key} {fact.Value}").Order(StringComparer.Ordinal)];
        Line($"- Options: {(options.Length == 0 ? Unknown : string.Join("; ", options))}.");
        Line($"- Images: {(preprocessing is null ? Unknown : Preparation(preprocessing))}.");

        Heading("Network");
        long parameters = model.Network.Module.parameters().Sum(parameter => parameter.numel());
        Line(string.Create(CultureInfo.InvariantCulture, $"- {model.Network.Module.GetType().Name}, {parameters:N0} parameters, float32."));
        Line($"- Options: {(model.Network.Recipe is { } recipe ? $"`{JsonSerializer.Serialize(recipe, recipe.GetType())}`" : Unknown)}.");
        Line($"- This file was written by KnowledgeDistillation {Version(typeof(SegmentationModel))} with TorchSharp {Version(typeof(TorchSharp.torch))}; "
            + $"the versions that trained it: {Unknown}.");
        return card.ToString();

        void Line(string text = "") => card.Append(text).Append('\n');

        void Heading(string title) => card.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n");

        string Classes() => string.Join(", ", labels?.Map.Names.Skip(1) ?? model.Labels.ChannelNames);

        string Count(string fact) =>
            facts.TryGetValue(fact, out string? cases) ? CaseIdentities.Count(cases).ToString(CultureInfo.InvariantCulture) : Unknown;

        void WriteScores()
        {
            EpochReport? best = history.LastOrDefault(epoch => epoch.IsBest);
            if (best?.ValidationDice is { } dice)
            {
                Line(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Mean Dice of the regions over the validation cases: {dice:0.0000}, by which the best epoch was chosen, so it is "
                        + $"too good for new patients; it has no interval."));
            }

            if (scores.Count == 0)
            {
                Line($"On cases that the network has not seen: {Unknown}.");
                return;
            }

            Line();
            Line("Means over the cases of an evaluation, with 95 % bootstrap intervals (BCa). Whether the network had seen these cases is not known here.");
            Line();
            Line("| Region | Grid | Metric | Mean | 95 % interval | Cases | Without a value |");
            Line("|---|---|---|---|---|---|---|");
            foreach (CardScores score in scores)
            {
                Line(score.Interval is not { } interval
                    ? $"| {score.Region} | {score.Grid} | {score.Metric} | {Unknown} | {Unknown} | 0 | {score.Without} |"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"| {score.Region} | {score.Grid} | {score.Metric} | {interval.Mean:0.000} | "
                            + $"{Ends(interval)} | {interval.Count} | {score.Without} |"));
            }
        }

        void WriteLimits()
        {
            if (preprocessing is null)
                Line($"- Resolution and field of view: {Unknown}.");
            else
            {
                Line($"- Resolution: what is smaller than {(preprocessing.SubsamplingFactor == 1 ? "a voxel" : $"{preprocessing.SubsamplingFactor} voxels")} "
                    + $"of {(preprocessing.Spacing is { } spacing ? $"{Text(spacing)} mm" : "the image")} is not seen.");
                Line(preprocessing.CropSize is { } size
                    ? $"- Field of view: outside of the central {size} voxels nothing is found."
                    : "- Field of view: the whole image.");
            }

            Line($"- It warns of images whose voxels are a quarter larger or smaller than those of the training, or that lean 15° more: "
                + $"{(grids is null ? "not possible, because those of the training are not known." : "yes.")}");
            Line($"- It warns of images whose intensities are spread otherwise than those of the training: "
                + (intensities.Ranges.Count == 0
                    ? "not possible, because those of the training are not known."
                    : $"yes, of {string.Join(", ", intensities.Ranges.Keys.Select(BraTSModality.Title))}."));
            Line(
                "- It does not know when it is wrong: probabilities are not calibrated, and a disease that it has never seen gets one of its classes or none.");
        }

        string Epochs()
        {
            if (history.Count == 0)
                return Unknown;
            int best = history.Where(epoch => epoch.IsBest).Select(epoch => epoch.Epoch + 1).LastOrDefault();
            return string.Create(CultureInfo.InvariantCulture, $"{history.Count}, of which {best} was the best");
        }
    }

    private static bool IsOption(string fact) => !Told.Contains(fact) && !RunMetadata.TellsOfCases(fact)
        && !ToldParts.Any(prefix => fact.StartsWith(prefix, StringComparison.Ordinal));

    private static string Preparation(PreprocessingOptions options) =>
        $"{(options.Spacing is { } spacing ? $"voxels brought to {Text(spacing)} mm, " : "")}"
        + (options.CropSize is { } size
            ? $"cropped to {size} voxels around the center of the {options.CropCenter.ToString().ToLowerInvariant()}, "
            : "not cropped, ")
        + (options.SubsamplingFactor == 1 ? "" : $"blocks of {options.SubsamplingFactor}³ voxels made one, ")
        + $"normalized: {string.Join(", ", options.Modalities.Select(name => $"{BraTSModality.Title(name)} by {options.NormalizationOf(name)}"))}";

    private static string Ends(BootstrapInterval interval) => double.IsNaN(interval.Lower)
        ? Unknown
        : string.Create(CultureInfo.InvariantCulture, $"{interval.Lower:0.000} to {interval.Upper:0.000}");

    private static string Text(Spacing size) => string.Create(CultureInfo.InvariantCulture, $"{size.X:0.##}×{size.Y:0.##}×{size.Z:0.##}");

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? Unknown;

    // What makes no sense is as good as not said.
    private static T? Known<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
