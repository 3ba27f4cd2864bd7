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
    private BraTSDataset(string folder, IReadOnlyList<BraTSCase> cases, IReadOnlyList<BraTSCaseFault> faults) =>
        (Folder, Cases, Faults) = (folder, cases, faults);

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The cases that can be used, sorted by name (ordinal).</summary>
    public IReadOnlyList<BraTSCase> Cases { get; }

    /// <summary>The cases that were left out, sorted by name; always empty with <see cref="FaultyCaseHandling.Stop"/>.</summary>
    public IReadOnlyList<BraTSCaseFault> Faults { get; }

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

        List<CaseFiles> found = CaseFinder.Find(folder);
        if (found.Count == 0)
        {
            throw new BraTSDatasetException(
                $"No case was found in '{folder}'. Expected folders such as Brats18_ABC_1 with Brats18_ABC_1_t1ce.nii.gz and so on (in HGG and LGG, or flat), "
                + "BraTS-GLI-00000-000 with BraTS-GLI-00000-000-t1c.nii.gz, imagesTr and labelsTr of MSD Task01, or folders with t1ce.nii.gz.");
        }

        Func<CaseFiles, TumorGrade> gradeOf = GradeTable.Read(folder).GradeOf;
        HashSet<string> repeated =
            [.. found.GroupBy(files => files.Id, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1).Select(group => group.Key)];
        (BraTSCase? Case, BraTSCaseFault? Fault)[] results = new (BraTSCase?, BraTSCaseFault?)[found.Count];
        ParallelWork.For(
            found.Count, Environment.ProcessorCount, i => results[i] = Check(found[i], repeated.Contains(found[i].Id), gradeOf(found[i]), options));

        BraTSCase[] cases =
            [.. results.Where(result => result.Case is not null).Select(result => result.Case!).OrderBy(item => item.Id, StringComparer.Ordinal)];
        BraTSCaseFault[] faults =
            [.. results.Where(result => result.Fault is not null).Select(result => result.Fault!).OrderBy(fault => fault.CaseId, StringComparer.Ordinal)];
        bool stop = options.FaultyCases == FaultyCaseHandling.Stop;
        if (faults.Length > 0 && (stop || cases.Length == 0))
        {
            string cure = stop
                ? $"Repair or remove them, or set {nameof(BraTSDatasetOptions.FaultyCases)} to {nameof(FaultyCaseHandling.Skip)}."
                : "None is left.";
            throw new BraTSDatasetException(
                $"{faults.Length} of {found.Count} case(s) in '{folder}' cannot be used. "
                    + $"{cure}{string.Concat(faults.Select(fault => $"{Environment.NewLine}  {fault}"))}",
                faults);
        }

        return new BraTSDataset(folder, cases, faults);
    }

    private static (BraTSCase? Case, BraTSCaseFault? Fault) Check(CaseFiles files, bool repeated, TumorGrade grade, BraTSDatasetOptions options)
    {
        List<string> reasons = [.. files.Faults];
        if (repeated)
            reasons.Add($"the name occurs several times, here in '{files.Folder}'.");
        foreach (string modality in options.RequiredModalities.Where(modality => !files.Images.ContainsKey(modality)))
            reasons.Add($"modality {modality} is missing.");
        if (options.RequireSegmentation && files.SegmentationPath is null)
            reasons.Add("the segmentation is missing.");
        if (reasons.Count == 0 && files.Images.Count == 0)
            reasons.Add("there is no image.");

        if (reasons.Count == 0)
        {
            BraTSLabelConvention? labels = files.Labels ?? options.EnhancingLabel switch
            {
                3 => BraTSLabelConvention.BraTS2023,
                4 => BraTSLabelConvention.BraTS2018,
                _ => null,
            };
            Dictionary<string, ImageFile> images = BraTSModality.All.Where(files.Images.ContainsKey)
                .ToDictionary(modality => modality, modality => files.Images[modality], StringComparer.Ordinal);
            BraTSCase candidate = new(files.Id, images, files.SegmentationPath, grade, labels, files.FallbackLabels);
            string? fault = candidate.FindFault(options.VerifySegmentations);
            if (fault is null)
                return (candidate, null);
            reasons.Add(fault);
        }

        return (null, new BraTSCaseFault(files.Id, string.Join(' ', reasons)));
    }
}
