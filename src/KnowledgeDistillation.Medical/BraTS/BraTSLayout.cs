using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>
/// The layouts of the BraTS challenges: 2017 to 2020 (HGG and LGG folders, or flat), 2021, 2023 and later (<c>-t1n</c>, <c>-t1c</c>, <c>-t2w</c>,
/// <c>-t2f</c>), and bare folders that hold <c>t1</c>, <c>t1ce</c>, <c>t2</c>, <c>flair</c> and <c>seg</c>; each as <c>.nii</c> or <c>.nii.gz</c>.
/// </summary>
public sealed class BraTSLayout : IDatasetLayout
{
    /// <inheritdoc/>
    public string Name => "BraTS";

    /// <inheritdoc/>
    public string Expects => "folders such as Brats18_ABC_1 with Brats18_ABC_1_t1ce.nii.gz and so on (in HGG and LGG, or flat), "
        + "BraTS-GLI-00000-000 with BraTS-GLI-00000-000-t1c.nii.gz, or folders with t1ce.nii.gz";

    /// <inheritdoc/>
    public DatasetFiles? Find(string folder)
    {
        var grades = GradeTable.Read(folder);
        (IReadOnlyList<CaseFiles> cases, IReadOnlyList<CaseFault> unreached, IReadOnlySet<CaseFiles> namesOf2023) = CaseFinder.Find(folder, grades);
        return new DatasetFiles
        {
            Layout = Name,
            Modalities = BraTSModality.All,
            Cases = cases,
            Unreached = unreached,
            Warnings = grades.Warnings,
            FindLabels = found => LabelSearch.Find(found, namesOf2023),
        };
    }
}
