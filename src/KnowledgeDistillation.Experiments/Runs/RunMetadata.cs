using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>The facts that a checkpoint keeps: how its images are prepared, what it was trained with, and on which cases.</summary>
public static class RunMetadata
{
    private const string System = "system",
        Flip = "flip",
        LearnedCases = "cases.training",
        HeldOutCases = "cases.validation",
        SeenCases = "cases.seen",
        Teacher = "teacher",
        TeacherWeights = "teacher.weights",
        Labels = "labels",
        ListedLabels = "labels.listed",
        Regions = "regions",
        Sources = "sources",
        Augmentation = "augmentation",
        ReferenceLoss = "reference loss",
        SoftTargetDice = "dice of soft targets",
        Channels = "what channels are",
        Supervision = "supervision";
    private const string OfCases = "cases.";
    private const string OfPreprocessing = "preprocessing.";
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The facts of a run.</summary>
    /// <param name="system">What is trained.</param>
    /// <param name="settings">With which settings.</param>
    /// <param name="split">On which cases. They are kept as salted hashes, not by name.</param>
    /// <param name="teachers">Its teachers: where each was found, which is a hint for people, and a digest of its weights, which tells them apart.</param>
    /// <param name="grids">How its images lie; null where that is not known.</param>
    /// <param name="sources">A digest of the files of its cases, by which the same cases are known wherever they lie; null where that is not known.</param>
    /// <param name="intensities">How the intensities of its images are spread; null where that is not known.</param>
    public static IReadOnlyDictionary<string, string> Write(
        SegmentationSystem system,
        ExperimentSettings settings,
        CaseSplit split,
        IReadOnlyList<(string Hint, string Weights)> teachers,
        TrainingGrids? grids = null,
        string? sources = null,
        TrainingIntensities? intensities = null)
    {
        string salt = CaseIdentities.Salt(split.All.Select(item => item.Id));
        // Of a CT that the run does not use, the numbers are not known.
        string[] known = [.. settings.Data.Modalities.Where(
            name => !settings.ModalitiesWithStatistics.Contains(name) || settings.TrainingStatistics.ContainsKey(name))];
        var facts = new Dictionary<string, string>(PreprocessingMetadata.Write(settings.Preprocessing(known)))
        {
            [System] = system.Name,
            [LearnedCases] = Identities(split.Training),
            [HeldOutCases] = Identities(split.Validation),
            [SeenCases] = Identities([.. split.Training, .. split.Validation]),
            ["batch"] = Text(settings.BatchSize),
            [Flip] = settings.Flip ? "yes" : "no",
        };
        foreach ((string name, double value) in system.WeightsWith(settings).Named())
            facts[name] = Text(value);
        foreach ((string name, string value) in PatchMetadata.Write(settings.Patches))
            facts[name] = value;
        if (settings.Augment is not null)
            facts[Augmentation] = settings.Augment;
        if (settings.DeepSupervision)
            facts[Supervision] = "deep";
        if (settings.RegionTraining)
            facts[Channels] = "regions";
        if (settings.ReferenceLoss != ReferenceChoice.KDNet)
            facts[ReferenceLoss] = "as published";
        if (settings.SoftTargetDice != DiceForm.Linear && system.ComparesWithSoftTargets)
            facts[SoftTargetDice] = settings.SoftTargetDice.ToString();
        if (teachers.Count > 0)
        {
            facts[Teacher] = string.Join('|', teachers.Select(teacher => teacher.Hint));
            facts[TeacherWeights] = string.Join(',', teachers.Select(teacher => teacher.Weights));
        }
        if (split.Training.Count > 0)
        {
            LabelConvention convention = split.Training[0].Labels;
            string text = facts[Labels] = convention.ToText();
            // Words such as necrosis are read as those of BraTS, with its numbers of classes, unless it is said that they are not meant so.
            bool isAsListed = BraTSLabelConvention.IsMeantBy(text) && !IsRead(() => BraTSLabelConvention.Parse(text), convention);
            if (isAsListed)
                facts[ListedLabels] = "yes";
            if (!ReadLabels(text, isAsListed).Equals(convention))
                facts[Regions] = JsonSerializer.Serialize(convention.Regions.ToDictionary(region => region.Name, region => region.Classes), Relaxed);
        }

        if (sources is not null)
            facts[Sources] = sources;
        foreach ((string name, string value) in new[] { grids?.Write(), intensities?.Write() }.OfType<IReadOnlyDictionary<string, string>>()
            .SelectMany(one => one))
        {
            facts[name] = value;
        }

        return facts;

        string Identities(IEnumerable<MedicalCase> cases) => CaseIdentities.Write(cases.Select(item => item.Id), salt);
    }

    /// <summary>Tells of a case by its name whether the network has learned from it or was chosen by it.</summary>
    public static Func<string, bool> CasesSeen(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return CaseIdentities.Read(metadata.GetValueOrDefault(SeenCases, ""));
    }

    /// <summary>Tells of a case by its name whether the network has learned from it; no for all where it does not say (<see cref="KnowsCases"/>).</summary>
    public static Func<string, bool> TrainingCases(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return CaseIdentities.Read(metadata.GetValueOrDefault(LearnedCases, ""));
    }

    /// <summary>
    /// Tells of a case by its name whether it was held out for validation when the network was trained; no for all where it does not say
    /// (<see cref="KnowsCases"/>).
    /// </summary>
    public static Func<string, bool> ValidationCases(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return CaseIdentities.Read(metadata.GetValueOrDefault(HeldOutCases, ""));
    }

    /// <summary>The name of the system that the network is of; null where it was trained in another way.</summary>
    public static string? SystemOf(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return metadata.GetValueOrDefault(System);
    }

    /// <summary>Whether a model says which cases it has learned from; one that was handed over without does not.</summary>
    public static bool KnowsCases(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return metadata.ContainsKey(SeenCases);
    }

    /// <summary>Whether a fact tells of patients, if only by hashes of their names or by where a teacher lay.</summary>
    internal static bool TellsOfCases(string fact) => fact is Teacher or Sources || fact.StartsWith(OfCases, StringComparison.Ordinal);

    /// <summary>Whether the training cases of a network were mirrored at random; no where it was trained in another way.</summary>
    public static bool WasFlipped(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return metadata.GetValueOrDefault(Flip) == "yes";
    }

    /// <summary>What differs between the facts of a run and those that it would have now, for example "alpha was 10 and is now 1".</summary>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        return
        [
            .. now.Keys.Select(Difference).OfType<string>().Distinct(),
            .. before.Where(fact => IsWrittenWhereSet(fact.Key) && !now.ContainsKey(fact.Key))
                .Select(fact => $"{fact.Key} was {fact.Value} and is now not set"),
        ];

        static bool IsWrittenWhereSet(string fact) => fact is Augmentation or ReferenceLoss or SoftTargetDice or Channels or Supervision
            || fact.StartsWith(OfPreprocessing, StringComparison.Ordinal) || fact.StartsWith(PatchMetadata.Prefix, StringComparison.Ordinal);

        string? Difference(string fact)
        {
            string? former = before.GetValueOrDefault(fact);
            if (fact.StartsWith(OfCases, StringComparison.Ordinal))
                return former is not null && CaseIdentities.AreTheSame(former, now[fact]) ? null : "the cases are others";
            // A teacher is known by its weights, wherever it lies. Checkpoints of earlier versions know its place only,
            // and have neither labels nor a digest of the cases; how images lie follows from the cases.
            if (fact == Teacher
                || (fact is TeacherWeights or Labels or ListedLabels or Regions or Sources && former is null)
                || fact.StartsWith("data.", StringComparison.Ordinal))
            {
                return null;
            }

            if (former == now[fact])
                return null;
            return fact switch
            {
                TeacherWeights => "the teacher is another",
                Sources => "the files of the cases have changed, though their names are the same",
                _ => $"{fact} was {former ?? "not set"} and is now {now[fact]}",
            };
        }
    }

    /// <summary>
    /// The labels of the data that a network has learned from, with which its predictions are written; those of BraTS 2018 where a checkpoint, as older ones,
    /// does not say.
    /// </summary>
    /// <param name="metadata">The metadata of a checkpoint.</param>
    /// <exception cref="InvalidDataException">They make no sense.</exception>
    public static LabelConvention LabelsOf(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (!metadata.TryGetValue(Labels, out string? text))
            return BraTSLabelConvention.BraTS2018;
        try
        {
            LabelConvention labels = ReadLabels(text, metadata.ContainsKey(ListedLabels));
            return metadata.TryGetValue(Regions, out string? regions) ? new LabelConvention(labels.Map, ReadRegions(regions)) : labels;
        }
        catch (Exception exception) when (exception is FormatException or JsonException or ArgumentException)
        {
            throw new InvalidDataException($"What the model says of its labels makes no sense: {exception.Message}", exception);
        }
    }

    private static LabelConvention ReadLabels(string text, bool isAsListed) => isAsListed ? LabelConvention.Parse(text) : ExperimentSettings.ParseLabels(text);

    private static bool IsRead(Func<LabelConvention> read, LabelConvention labels)
    {
        try
        {
            return read().Map.Equals(labels.Map);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static Region[] ReadRegions(string text) =>
        [.. JsonSerializer.Deserialize<OrderedDictionary<string, int[]>>(text)!.Select(region => new Region(region.Key, region.Value))];

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
