using System.Globalization;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>The facts that a checkpoint keeps: how its images are prepared, what it was trained with, and on which cases.</summary>
public static class RunMetadata
{
    private const string System = "system";
    private const string SeenCases = "cases.seen";
    private const string Labels = "labels";
    private const string OfPreprocessing = "preprocessing.";

    /// <summary>The facts of a run.</summary>
    /// <param name="system">What is trained.</param>
    /// <param name="settings">With which settings.</param>
    /// <param name="split">On which cases.</param>
    /// <param name="teachers">The names of its teachers.</param>
    /// <param name="grids">How its images lie; null where that is not known.</param>
    public static IReadOnlyDictionary<string, string> Write(
        SegmentationSystem system,
        ExperimentSettings settings,
        CaseSplit split,
        IReadOnlyList<string> teachers,
        TrainingGrids? grids = null)
    {
        var facts = new Dictionary<string, string>(PreprocessingMetadata.Write(settings.Preprocessing(BraTSModality.All)))
        {
            [System] = system.Name,
            ["cases.training"] = Names(split.Training),
            ["cases.validation"] = Names(split.Validation),
            [SeenCases] = Names([.. split.Training, .. split.Validation]),
            ["batch"] = Text(settings.BatchSize),
            ["flip"] = settings.Flip ? "yes" : "no",
        };
        foreach ((string name, double value) in system.WeightsWith(settings).Named())
            facts[name] = Text(value);
        if (settings.ReferenceLoss != ReferenceChoice.KDNet)
            facts["reference loss"] = "as published";
        if (teachers.Count > 0)
            facts["teacher"] = string.Join('|', teachers);
        if (split.Training.Select(item => item.Labels).FirstOrDefault(labels => labels is not null) is { } convention)
            facts[Labels] = convention.ToText();
        foreach ((string name, string value) in grids?.Write() ?? new Dictionary<string, string>())
            facts[name] = value;
        return facts;
    }

    /// <summary>
    /// The labels of the data that a network has learned from, with which its predictions are written; those of BraTS 2018 where a checkpoint, as older ones,
    /// does not say.
    /// </summary>
    /// <param name="metadata">The metadata of a checkpoint.</param>
    /// <exception cref="InvalidDataException">They make no sense.</exception>
    public static BraTSLabelConvention LabelsOf(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (!metadata.TryGetValue(Labels, out string? text))
            return BraTSLabelConvention.BraTS2018;
        try
        {
            return BraTSLabelConvention.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new InvalidDataException($"What the model says of its labels makes no sense: {exception.Message}", exception);
        }
    }

    /// <summary>The cases that the network has learned from or was chosen by.</summary>
    public static IReadOnlySet<string> CasesSeen(IReadOnlyDictionary<string, string> metadata) =>
        metadata.GetValueOrDefault(SeenCases, "").Split('|', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);

    /// <summary>What differs between the facts of a run and those that it would have now, for example "alpha was 10 and is now 1".</summary>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now) =>
    [
        .. now.Where(fact => before.GetValueOrDefault(fact.Key) != fact.Value && !MayDiffer(fact.Key, before))
            .Select(fact => fact.Key.StartsWith("cases.", StringComparison.Ordinal)
                ? "the cases are others"
                : $"{fact.Key} was {before.GetValueOrDefault(fact.Key, "not set")} and is now {fact.Value}")
            .Distinct(),
        .. before.Where(fact => fact.Key.StartsWith(OfPreprocessing, StringComparison.Ordinal) && !now.ContainsKey(fact.Key))
            .Select(fact => $"{fact.Key} was {fact.Value} and is now not set"),
    ];

    // Checkpoints of before labels were kept can go on, and how images lie follows from the cases.
    private static bool MayDiffer(string fact, IReadOnlyDictionary<string, string> before) =>
        (fact == Labels && !before.ContainsKey(Labels)) || fact.StartsWith("data.", StringComparison.Ordinal);

    private static string Names(IEnumerable<BraTSCase> cases) => string.Join('|', cases.Select(item => item.Id));

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
