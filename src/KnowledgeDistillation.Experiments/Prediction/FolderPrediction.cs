using System.Diagnostics;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>Segments many cases into files. A case that fails stops no other.</summary>
public static class FolderPrediction
{
    private const string Ending = ".nii.gz";

    /// <summary>Segments cases.</summary>
    /// <param name="ensemble">The networks.</param>
    /// <param name="cases">The cases.</param>
    /// <param name="results">The file for each of them, as <see cref="PredictionInputs.NameResults"/> gives it; folders are made.</param>
    /// <param name="outputs">What is written besides.</param>
    /// <param name="display">Where progress, doubts and failures are shown; null for nowhere.</param>
    /// <param name="strict">Whether a case is refused whose names speak against it (<see cref="PredictionInput.Doubt"/>).</param>
    /// <param name="cancellation">Stops between two passes of a network; all that is written is complete.</param>
    /// <returns>What became of each case, in their order.</returns>
    /// <exception cref="ArgumentException">The uncertainty is to be written, but is not measured.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<PredictionRow> Run(
        SegmentationEnsemble ensemble,
        IReadOnlyList<PredictionInput> cases,
        IReadOnlyList<string> results,
        PredictionOutputs? outputs = null,
        IExperimentDisplay? display = null,
        bool strict = false,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(results);
        outputs ??= new PredictionOutputs();
        if (outputs.Uncertainty && !ensemble.MeasuresUncertainty)
        {
            throw new ArgumentException(
                $"The uncertainty is to be written, but the networks were loaded without {nameof(PredictionOptions)}.{nameof(PredictionOptions.Uncertainty)}.",
                nameof(outputs));
        }

        display ??= new SilentDisplay();
        List<PredictionRow> rows = [];
        var clock = Stopwatch.StartNew();
        int worked = 0;
        for (int i = 0; i < cases.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            PredictionRow row = One(ensemble, cases[i], results[i], outputs, strict, cancellation);
            rows.Add(row);
            worked += row.Status == PredictionStatus.Done ? 1 : 0;
            string left = i + 1 == cases.Count || worked == 0 ? ""
                : $", {TrainingText.Time(clock.Elapsed / worked * (cases.Count - i - 1))} left";
            Tell(cases[i].Title, row, cases.Count == 1 ? "" : $" ({i + 1} of {cases.Count}{left})", display);
            if (outputs.Summary is { } summary)
                Table(rows, ensemble.Labels).Write(summary);
        }

        return rows;
    }

    /// <summary>The rows as a table: the volume of each region in mm³, what was taken away, doubts and errors.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="labels">The labels, whose regions are the columns.</param>
    public static CsvTable Table(IReadOnlyList<PredictionRow> rows, LabelConvention labels)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(labels);
        CsvTable table = new(["case", "status", "seconds", .. labels.Regions.Select(region => $"{region.Name}_mm3"), "removed", "warnings", "error", "result"]);
        foreach (PredictionRow row in rows)
        {
            table.Add(
            [
                row.Id, row.Status.ToString().ToLowerInvariant(), row.Status == PredictionStatus.Done ? CsvTable.Number(row.Seconds, "0.##") : "",
                .. labels.Regions.Select((_, index) => row.Volumes.Count == 0 ? "" : CsvTable.Number(row.Volumes[index].CubicMillimeters, "0.###")),
                string.Join("; ", row.Removed), string.Join(' ', row.Doubts), row.Error ?? "", row.Result ?? "",
            ]);
        }

        return table;
    }

    private static void Tell(string title, PredictionRow row, string progress, IExperimentDisplay display)
    {
        foreach (string doubt in row.Doubts)
            display.Warn($"Warning: {title}: {doubt}");
        switch (row.Status)
        {
            case PredictionStatus.Failed:
                // Most messages name it already.
                display.Warn($"Error: {(row.Error!.Contains(row.Id, StringComparison.Ordinal) ? "" : $"{title}: ")}{row.Error}");
                break;
            case PredictionStatus.Existing:
                display.Say($"{title} -> {row.Result} was there{progress}");
                break;
            default:
                string removed = row.Removed.Count == 0 ? "" : $"; {string.Join("; ", row.Removed)}";
                display.Say($"{title} -> {row.Result}{removed}{progress}");
                break;
        }
    }

    private static PredictionRow One(
        SegmentationEnsemble ensemble, PredictionInput input, string result, PredictionOutputs outputs, bool strict, CancellationToken cancellation)
    {
        if (input.Case is not { } source)
            return Failed(input.Fault!);
        IReadOnlyList<string> doubts = input.Doubt is null ? [] : [input.Doubt];
        if (strict && doubts.Count > 0)
            return Failed($"Case {input.Id}: {doubts[0]}");
        if (outputs.SkipExisting && Existing(ensemble, result, Others(ensemble, input.Id, result, outputs).Select(other => other.Path)) is { } volumes)
            return new PredictionRow(input.Id, PredictionStatus.Existing, result, 0, volumes, [], doubts, null);
        var clock = Stopwatch.StartNew();
        try
        {
            CaseSegmentation segmented = ensemble.Segment(source, cancellation);
            NiftiHeader header = NiftiImage.LoadHeader(source.Images.First().Value.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(result))!);
            foreach ((string path, Func<CaseSegmentation, float[]> values) in Others(ensemble, input.Id, result, outputs))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
                NiftiImage.FromVolume(new Volume<float>(segmented.Grid, values(segmented)), header).Save(path);
            }

            // Last, so that a case whose labels are there is complete.
            NiftiImage.FromLabels(segmented.ToLabels(), header).Save(result);
            return new PredictionRow(
                input.Id, PredictionStatus.Done, result, clock.Elapsed.TotalSeconds, segmented.Volumes,
                segmented.Removed, [.. doubts, .. segmented.Doubts], null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return Failed(ExceptionText.OneMessage(exception));
        }

        PredictionRow Failed(string reason) => new(input.Id, PredictionStatus.Failed, null, 0, [], [], [], reason);
    }

    // A result that cannot be read, or holds other labels, is none.
    private static IReadOnlyList<RegionVolume>? Existing(SegmentationEnsemble ensemble, string result, IEnumerable<string> others)
    {
        if (!File.Exists(result) || !others.All(File.Exists))
            return null;
        try
        {
            Volume<int> labels = NiftiImage.Load(result).ToLabels();
            return RegionVolume.Measure(ensemble.Labels.Map.ToClasses(labels), labels.Grid, ensemble.Labels.Regions);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<(string Path, Func<CaseSegmentation, float[]> Values)> Others(
        SegmentationEnsemble ensemble, string id, string result, PredictionOutputs outputs)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(result))!;
        if (outputs.Uncertainty)
        {
            yield return (PathOf("uncertainty", "entropy"), segmented => segmented.Entropy!);
            if (ensemble.Count > 1)
                yield return (PathOf("uncertainty", "spread"), segmented => segmented.Spread!);
        }

        if (!outputs.Probabilities)
            yield break;
        if (ensemble.Scheme is OverlappingRegions overlapping)
        {
            for (int channel = 0; channel < overlapping.Channels; channel++)
            {
                int number = channel;
                yield return (PathOf("probabilities", overlapping.ChannelNames[number]), segmented => segmented.Probabilities.Channels[number]);
            }

            yield break;
        }

        for (int number = 1; number < ensemble.Scheme.Channels; number++)
        {
            int channel = number;
            yield return (PathOf("probabilities", ensemble.Labels.NameOf(number)), segmented => segmented.Probabilities.Channels[channel]);
        }

        foreach (Region region in ensemble.Labels.Regions.Where(region => region.Classes.Count > 1))
            yield return (PathOf("probabilities", region.Name), segmented => Sum(segmented.Probabilities, region));

        string PathOf(string kind, string what) =>
            Path.Combine(folder, kind, $"{id}_{string.Concat(what.Select(letter => char.IsLetterOrDigit(letter) ? letter : '-'))}{Ending}");
    }

    // The probability that a voxel is of one of the classes, which exclude each other.
    private static float[] Sum(ProbabilityVolume probabilities, Region region)
    {
        float[] sum = new float[probabilities.Grid.VoxelCount];
        foreach (int channel in region.Classes)
        {
            for (int i = 0; i < sum.Length; i++)
                sum[i] += probabilities.Channels[channel][i];
        }

        return sum;
    }
}
