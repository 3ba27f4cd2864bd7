using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// The cases of a folder in any layout that is known (<see cref="DatasetLayouts"/>): raw folders of nnU-Net, tasks of the Medical Segmentation Decathlon,
/// all layouts of BraTS, and whatever <see cref="MedicalDatasetOptions.Layouts"/> adds.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class MedicalDataset
{
    // Cases are checked before it is known what their labels mean.
    private static readonly LabelConvention NotYetFound = new(new LabelMap(("foreground", 1)));

    private readonly MedicalDatasetOptions _options;
    private readonly DatasetFiles _files;
    private readonly CheckedCase[] _checked;

    private MedicalDataset(string folder, MedicalDatasetOptions options, DatasetFiles files, CheckedCase[] all)
    {
        (Folder, _options, _files, _checked) = (folder, options, files, all);
        CheckedCase[] sound = [.. all.Where(item => item.Fault is null)];
        (Labels, IReadOnlyList<string?> contradictions) = FindLabels(options, files, sound);

        List<MedicalCase> cases = [];
        List<CaseFault> faults =
            [.. files.Unreached, .. all.Where(item => item.Fault is not null).Select(item => new CaseFault(item.Files.Id, item.Fault!))];
        Dictionary<string, CaseExamination> examinations = new(StringComparer.Ordinal);
        foreach ((CheckedCase item, string? contradiction) in sound.Zip(contradictions))
        {
            MedicalCase candidate = Labeled(item);
            if ((contradiction ?? FindUnknown(candidate, item.Present)) is { } fault)
            {
                faults.Add(new CaseFault(candidate.Id, fault));
                continue;
            }

            cases.Add(candidate);
            if (item.Examination is not null)
                examinations.Add(candidate.Id, item.Examination);
        }

        Cases = [.. cases.OrderBy(item => item.Id, StringComparer.Ordinal)];
        Faults = [.. faults.OrderBy(fault => fault.CaseId, StringComparer.Ordinal)];
        Examinations = examinations;
        int folded = sound.Count(item => item.Present is not null && Labels.Map.Others.Keys.Any(item.Present.Contains));
        Warnings = folded == 0 || options.Labels is not null || files.Labels is not null
            ? files.Warnings
            : [.. files.Warnings, $"Labels are taken for {Labels.ToText()}, judged by names and by the labels that occur; {folded} case(s) hold "
                + $"{string.Join(" or ", Labels.Map.Others.Keys)}. If they mean something else, say so (set Labels)."];
        RefuseFaults(all.Length + files.Unreached.Count);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The name of its layout, for example "nnU-Net".</summary>
    public string Layout => _files.Layout;

    /// <summary>The modalities of the data set, in the order of the channels of a network that sees them all.</summary>
    public IReadOnlyList<string> Modalities => _files.Modalities;

    /// <summary>What networks for it depend on.</summary>
    public DatasetDescription Description => new(Modalities, Labels);

    /// <summary>The regions that are scored: those of <see cref="Labels"/>.</summary>
    public IReadOnlyList<Region> Regions => Labels.Regions;

    /// <summary>
    /// The folds that the data set itself prescribes, as nnU-Net's splits_final.json does: the names of the cases for training and of those for validation.
    /// Empty where it prescribes none. <see cref="CrossValidation.Prescribed"/> makes folds of them.
    /// </summary>
    public IReadOnlyList<(IReadOnlyList<string> Training, IReadOnlyList<string> Validation)> Splits => _files.Splits;

    /// <summary>The cases that can be used, sorted by name (ordinal).</summary>
    public IReadOnlyList<MedicalCase> Cases { get; }

    /// <summary>The cases that were left out, sorted by name; always empty with <see cref="FaultyCaseHandling.Stop"/>.</summary>
    public IReadOnlyList<CaseFault> Faults { get; }

    /// <summary>
    /// What the labels of the data set mean: what the options say, or what the data set says, or what all its cases and
    /// the names of their files tell together. The same for all cases.
    /// </summary>
    public LabelConvention Labels { get; }

    /// <summary>What is worth knowing and keeps no case from being used, in sentences: a table that cannot be read, labels that are ignored.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// What was seen in the voxels of each case, by name; empty unless <see cref="Examine(PreprocessingOptions, IProgress{int}, CancellationToken)"/>
    /// made this data set.
    /// </summary>
    public IReadOnlyDictionary<string, CaseExamination> Examinations { get; }

    /// <summary>Finds the cases of a folder and checks them: modalities, grids and (unless switched off) labels.</summary>
    /// <param name="folder">The data set, or the folder of one case. Searched four levels deep.</param>
    /// <param name="options">What a case must have; default: everything.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="MedicalDatasetException">No case was found, or some cannot be used; the message lists each with the reason.</exception>
    public static MedicalDataset Open(string folder, MedicalDatasetOptions? options = null)
    {
        options ??= new();
        (folder, DatasetFiles files) = Find(folder, options);
        options.RefuseUnknownModalities(files.Modalities, folder);
        ILookup<string, string> names = files.Cases.ToLookup(item => item.Id, item => item.Id, StringComparer.OrdinalIgnoreCase);
        CheckedCase[] cases = new CheckedCase[files.Cases.Count];
        ParallelWork.For(
            cases.Length, Environment.ProcessorCount, i => cases[i] = Check(files.Cases[i], files, [.. names[files.Cases[i].Id]], options));
        return new MedicalDataset(folder, options, files, cases);
    }

    /// <summary>Tells what networks for a data set depend on, by the names of its files alone: nothing is read but a description.</summary>
    /// <param name="folder">The data set, or the folder of one case.</param>
    /// <param name="options">Only layouts and labels count.</param>
    /// <returns>The modalities and, as far as names tell, the labels; <see cref="Description"/> of the opened data set knows for certain.</returns>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="MedicalDatasetException">No case was found.</exception>
    public static DatasetDescription Describe(string folder, MedicalDatasetOptions? options = null)
    {
        options ??= new();
        (_, DatasetFiles files) = Find(folder, options);
        return new DatasetDescription(files.Modalities, FindLabels(options, files, []).Labels);
    }

    /// <summary>
    /// Looks at every voxel of the cases that can be used, several at a time: files that are cut off or damaged, voxels that are not finite, images that are
    /// empty or constant, backgrounds, and how often each label occurs.
    /// </summary>
    /// <param name="preprocessing">
    /// The images to look at (of those that a case has), the crop in which labels are counted, and how background is mended before the images are judged.
    /// </param>
    /// <param name="progress">Receives the number of cases done so far, from any thread.</param>
    /// <param name="cancellation">Stops between cases.</param>
    /// <returns>The data set without the cases that were found to be faulty, with <see cref="Examinations"/>.</returns>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    /// <exception cref="MedicalDatasetException">Some cases cannot be used and none may be left out, or none is left.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public MedicalDataset Examine(PreprocessingOptions preprocessing, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(preprocessing);
        preprocessing.Validate();
        CheckedCase[] all = [.. _checked];
        int[] sound = [.. Enumerable.Range(0, all.Length).Where(i => all[i].Fault is null)];
        int done = 0;
        ParallelWork.For(sound.Length, Math.Min(4, Environment.ProcessorCount), i =>
        {
            all[sound[i]] = Examine(all[sound[i]], preprocessing);
            progress?.Report(Interlocked.Increment(ref done));
        }, cancellation);
        return new MedicalDataset(Folder, _options, _files, all);
    }

    private static (string Folder, DatasetFiles Files) Find(string folder, MedicalDatasetOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        options.Validate();
        folder = Path.GetFullPath(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"The data set folder '{folder}' does not exist.");

        IReadOnlyList<IDatasetLayout> layouts = options.Layouts ?? DatasetLayouts.All;
        DatasetFiles[] all = [.. layouts.Select(layout => layout.Find(folder)).OfType<DatasetFiles>()];
        DatasetFiles[] filled = [.. all.Where(found => found.Cases.Count > 0)];
        if (filled.Length > 1)
        {
            throw new MedicalDatasetException($"'{folder}' holds data sets of several layouts "
                + $"({string.Join(", ", filled.Select(found => $"{found.Layout} with {found.Cases.Count} case(s)"))}): open one of them by itself.");
        }

        if (filled is not [var files])
        {
            CaseFault[] unreached = [.. all.SelectMany(found => found.Unreached)];
            throw new MedicalDatasetException(
                $"No case was found in '{folder}'. Expected {string.Join(", or ", layouts.Select(layout => layout.Expects))}."
                    + string.Concat(unreached.Select(fault => $"{Environment.NewLine}  {fault}")),
                unreached);
        }

        return (folder, WithoutTests(files, options));
    }

    private static (LabelConvention Labels, IReadOnlyList<string?> Contradictions) FindLabels(
        MedicalDatasetOptions options, DatasetFiles files, CheckedCase[] sound)
    {
        if ((options.Labels ?? files.Labels) is { } given)
            return (given, new string?[sound.Length]);
        CaseLabels[] cases = [.. sound.Select(item => new CaseLabels(item.Files, item.Present))];
        if (files.FindLabels is not null)
        {
            FoundLabels found = files.FindLabels(cases);
            return (found.Labels, found.Faults);
        }

        int[] numbers = [.. cases.SelectMany(item => item.Present ?? new HashSet<int>()).Distinct().Order().DefaultIfEmpty(1)];
        return (new LabelConvention(new LabelMap(numbers.Select(number => ($"label {number}", number)))), new string?[sound.Length]);
    }

    // Cases that have no reference by design are no fault where references are needed.
    private static DatasetFiles WithoutTests(DatasetFiles files, MedicalDatasetOptions options)
    {
        CaseFiles[] usable = [.. files.Cases.Where(item => !options.RequireSegmentation || !item.IsTest || item.SegmentationPath is not null)];
        return usable.Length == files.Cases.Count || usable.Length == 0 ? files : files with { Cases = usable };
    }

    private static CheckedCase Check(CaseFiles files, DatasetFiles all, string[] namesakes, MedicalDatasetOptions options)
    {
        List<string> reasons = [.. files.Faults];
        if (namesakes.Length > 1)
        {
            reasons.Add(namesakes.Distinct(StringComparer.Ordinal).Count() == 1
                ? $"the name occurs several times, here in '{files.Folder}'."
                : $"the name occurs several times, but for upper and lower case ({string.Join(", ", namesakes)}), here in '{files.Folder}'; "
                    + "rename one of them, because results are named after cases.");
        }

        foreach (string modality in (options.RequiredModalities ?? all.Modalities).Where(modality => !files.Images.ContainsKey(modality)))
            reasons.Add($"modality {modality} is missing.");
        if (options.RequireSegmentation && files.SegmentationPath is null)
            reasons.Add("the segmentation is missing.");
        if (reasons.Count == 0 && files.Images.Count == 0)
            reasons.Add("there is no image.");
        if (reasons.Count > 0)
            return new CheckedCase(files) { Fault = string.Join(' ', reasons) };

        Dictionary<string, ImageFile> images = all.Modalities.Where(files.Images.ContainsKey)
            .ToDictionary(modality => modality, modality => files.Images[modality], StringComparer.Ordinal);
        MedicalCase candidate = new(files.Id, images, NotYetFound, files.SegmentationPath, files.Group);
        (string? fault, IReadOnlySet<int>? present) = candidate.FindFault(options.VerifySegmentations);
        return new CheckedCase(files) { Case = candidate, Fault = fault, Present = present };
    }

    private static CheckedCase Examine(CheckedCase item, PreprocessingOptions preprocessing)
    {
        string[] modalities = [.. preprocessing.Modalities.Where(item.Case!.Images.ContainsKey)];
        if (modalities.Length == 0)
            modalities = [.. item.Case!.Images.Keys];
        try
        {
            CaseExamination seen = new Preprocessor(preprocessing with { Modalities = modalities }).Examine(item.Case!);
            string[] faults =
            [
                .. seen.Images.Where(image => image.Value.Fault is not null)
                    .Select(image => $"'{item.Case!.Images[image.Key].Path}' ({image.Key}) {image.Value.Fault}."),
            ];
            return item with { Examination = seen, Present = seen.Labels?.Keys.ToHashSet(), Fault = faults.Length == 0 ? null : string.Join(' ', faults) };
        }
        catch (InvalidDataException exception)
        {
            // The first file that cannot be read ends the reading of a case; all of them are to be named.
            string[] faults = [.. item.Case!.FindUnreadable(modalities)];
            return item with { Fault = faults.Length == 0 ? exception.Message : string.Join(' ', faults) };
        }
    }

    private MedicalCase Labeled(CheckedCase item)
    {
        (MedicalCase found, LabelConvention? expected) = (item.Case!, item.Files.ExpectedLabels);
        // Caches on disk are found by this text: they were made when each case was judged alone, with the same result where a data set follows its names.
        string key = expected is null ? Labels.Key
            : _options.Labels is null && item.Files.Labels is null && Labels.Equals(expected) ? $";{expected.Key}"
            : $"{Labels.Key};{expected.Key}";
        return new MedicalCase(found.Id, found.Images, Labels, found.SegmentationPath, found.Group, key);
    }

    private static string? FindUnknown(MedicalCase item, IReadOnlySet<int>? present)
    {
        try
        {
            if (present is not null)
                item.LabelsFor(present).RequireKnown(present);
            return null;
        }
        catch (InvalidDataException exception)
        {
            return exception.Message;
        }
    }

    private void RefuseFaults(int found)
    {
        bool stop = _options.FaultyCases == FaultyCaseHandling.Stop;
        if (Faults.Count == 0 || (!stop && Cases.Count > 0))
            return;
        string cure = stop
            ? $"Repair or remove them, or leave them out (set {nameof(MedicalDatasetOptions.FaultyCases)} to {nameof(FaultyCaseHandling.Skip)})."
            : "None is left.";
        throw new MedicalDatasetException(
            $"{Faults.Count} of {found} case(s) in '{Folder}' cannot be used. {cure}{string.Concat(Faults.Select(fault => $"{Environment.NewLine}  {fault}"))}",
            Faults);
    }

    /// <summary>What is known of a case, whether or not it can be used.</summary>
    private sealed record CheckedCase(CaseFiles Files)
    {
        public MedicalCase? Case { get; init; }

        public string? Fault { get; init; }

        /// <summary>The labels that occur; null where there is no segmentation, or it was not read.</summary>
        public IReadOnlySet<int>? Present { get; init; }

        public CaseExamination? Examination { get; init; }
    }
}
