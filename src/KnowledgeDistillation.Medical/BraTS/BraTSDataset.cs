using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>
/// The cases of a folder in any of the BraTS layouts: 2017 to 2020 (HGG and LGG folders, or flat), 2021, 2023 and later
/// (<c>-t1n</c>, <c>-t1c</c>, <c>-t2w</c>, <c>-t2f</c>), Task01 of the Medical Segmentation Decathlon (4-D images), and bare
/// folders that hold <c>t1</c>, <c>t1ce</c>, <c>t2</c>, <c>flair</c> and <c>seg</c>; each as <c>.nii</c> or <c>.nii.gz</c>.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class BraTSDataset
{
    private readonly BraTSDatasetOptions _options;
    private readonly CheckedCase[] _checked;
    private readonly IReadOnlyList<BraTSCaseFault> _unreached;
    private readonly IReadOnlyList<string> _tableWarnings;

    private BraTSDataset(
        string folder, BraTSDatasetOptions options, CheckedCase[] all, IReadOnlyList<BraTSCaseFault> unreached, IReadOnlyList<string> tableWarnings)
    {
        (Folder, _options, _checked, _unreached, _tableWarnings) = (folder, options, all, unreached, tableWarnings);
        CheckedCase[] sound = [.. all.Where(item => item.Fault is null)];
        string?[] contradictions = new string?[sound.Length];
        // The label of enhancing tumor alone says nothing of layouts with labels of their own.
        if (options.GivenLabels is { } given && (options.Labels is not null || sound.Any(item => item.Files.Labels is null)))
            Labels = given;
        else
            (Labels, contradictions) = LabelSearch.Find([.. sound.Select(item => (item.Files, item.Present))]);

        List<BraTSCase> cases = [];
        List<BraTSCaseFault> faults =
            [.. unreached, .. all.Where(item => item.Fault is not null).Select(item => new BraTSCaseFault(item.Files.Id, item.Fault!))];
        Dictionary<string, CaseExamination> examinations = new(StringComparer.Ordinal);
        foreach ((CheckedCase item, string? contradiction) in sound.Zip(contradictions))
        {
            BraTSCase candidate = item.Case!.WithFoundLabels(Labels);
            if ((contradiction ?? FindUnknown(candidate, item.Present)) is { } fault)
            {
                faults.Add(new BraTSCaseFault(candidate.Id, fault));
                continue;
            }

            cases.Add(candidate);
            if (item.Examination is not null)
                examinations.Add(candidate.Id, item.Examination);
        }

        Cases = [.. cases.OrderBy(item => item.Id, StringComparer.Ordinal)];
        Faults = [.. faults.OrderBy(fault => fault.CaseId, StringComparer.Ordinal)];
        Examinations = examinations;
        int folded = sound.Count(item => item.Present is not null && Labels.Others.Keys.Any(item.Present.Contains));
        Warnings = folded == 0 || options.GivenLabels is not null
            ? tableWarnings
            : [.. tableWarnings, $"Labels are taken for {Labels.ToText()}, judged by names and by the labels that occur; {folded} case(s) hold "
                + $"{string.Join(" or ", Labels.Others.Keys)}. If they mean something else, say so (set Labels)."];
        RefuseFaults(all.Length + unreached.Count);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The cases that can be used, sorted by name (ordinal).</summary>
    public IReadOnlyList<BraTSCase> Cases { get; }

    /// <summary>The cases that were left out, sorted by name; always empty with <see cref="FaultyCaseHandling.Stop"/>.</summary>
    public IReadOnlyList<BraTSCaseFault> Faults { get; }

    /// <summary>
    /// What the labels of the data set mean: what the options say, or what all its cases and the names of their files tell together. The same for all cases.
    /// </summary>
    public BraTSLabelConvention Labels { get; }

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
    /// <exception cref="BraTSDatasetException">No case was found, or some cannot be used; the message lists each with the reason.</exception>
    public static BraTSDataset Open(string folder, BraTSDatasetOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        options ??= new();
        options.Validate();
        folder = Path.GetFullPath(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"The data set folder '{folder}' does not exist.");

        (List<CaseFiles> found, List<BraTSCaseFault> unreached) = CaseFinder.Find(folder);
        if (found.Count == 0)
        {
            throw new BraTSDatasetException(
                $"No case was found in '{folder}'. Expected folders such as Brats18_ABC_1 with Brats18_ABC_1_t1ce.nii.gz and so on (in HGG and LGG, or flat), "
                + "BraTS-GLI-00000-000 with BraTS-GLI-00000-000-t1c.nii.gz, imagesTr and labelsTr of MSD Task01, or folders with t1ce.nii.gz."
                + string.Concat(unreached.Select(fault => $"{Environment.NewLine}  {fault}")),
                unreached);
        }

        var grades = GradeTable.Read(folder);
        ILookup<string, string> names = found.ToLookup(files => files.Id, files => files.Id, StringComparer.OrdinalIgnoreCase);
        CheckedCase[] all = new CheckedCase[found.Count];
        ParallelWork.For(
            found.Count, Environment.ProcessorCount, i => all[i] = Check(found[i], [.. names[found[i].Id]], grades.GradeOf(found[i]), options));
        return new BraTSDataset(folder, options, all, unreached, grades.Warnings);
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
    /// <exception cref="BraTSDatasetException">Some cases cannot be used and none may be left out, or none is left.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public BraTSDataset Examine(PreprocessingOptions preprocessing, IProgress<int>? progress = null, CancellationToken cancellation = default)
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
        return new BraTSDataset(Folder, _options, all, _unreached, _tableWarnings);
    }

    private static CheckedCase Check(CaseFiles files, string[] namesakes, TumorGrade grade, BraTSDatasetOptions options)
    {
        List<string> reasons = [.. files.Faults];
        if (namesakes.Length > 1)
        {
            reasons.Add(namesakes.Distinct(StringComparer.Ordinal).Count() == 1
                ? $"the name occurs several times, here in '{files.Folder}'."
                : $"the name occurs several times, but for upper and lower case ({string.Join(", ", namesakes)}), here in '{files.Folder}'; "
                    + "rename one of them, because results are named after cases.");
        }

        foreach (string modality in options.RequiredModalities.Where(modality => !files.Images.ContainsKey(modality)))
            reasons.Add($"modality {modality} is missing.");
        if (options.RequireSegmentation && files.SegmentationPath is null)
            reasons.Add("the segmentation is missing.");
        if (reasons.Count == 0 && files.Images.Count == 0)
            reasons.Add("there is no image.");
        if (reasons.Count > 0)
            return new CheckedCase(files) { Fault = string.Join(' ', reasons) };

        Dictionary<string, ImageFile> images = BraTSModality.All.Where(files.Images.ContainsKey)
            .ToDictionary(modality => modality, modality => files.Images[modality], StringComparer.Ordinal);
        BraTSCase candidate = new(files.Id, images, files.SegmentationPath, grade, options.Labels ?? files.Labels ?? options.GivenLabels, files.FallbackLabels);
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

    private static string? FindUnknown(BraTSCase item, IReadOnlySet<int>? present)
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
            ? $"Repair or remove them, or leave them out (set {nameof(BraTSDatasetOptions.FaultyCases)} to {nameof(FaultyCaseHandling.Skip)})."
            : "None is left.";
        throw new BraTSDatasetException(
            $"{Faults.Count} of {found} case(s) in '{Folder}' cannot be used. {cure}{string.Concat(Faults.Select(fault => $"{Environment.NewLine}  {fault}"))}",
            Faults);
    }

    /// <summary>What is known of a case, whether or not it can be used.</summary>
    private sealed record CheckedCase(CaseFiles Files)
    {
        public BraTSCase? Case { get; init; }

        public string? Fault { get; init; }

        /// <summary>The labels that occur; null where there is no segmentation, or it was not read.</summary>
        public IReadOnlySet<int>? Present { get; init; }

        public CaseExamination? Examination { get; init; }
    }
}
