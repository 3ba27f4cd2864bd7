using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Medical.NnUNet;

/// <summary>
/// Raw folders of nnU-Net v2: <c>dataset.json</c> with channel_names and labels (numbers, or lists of numbers for regions, and <c>ignore</c>),
/// <c>imagesTr/CASE_0000.nii.gz</c> and so on, <c>labelsTr/CASE.nii.gz</c>, <c>imagesTs</c>, and the folds
/// of <c>splits_final.json</c> where it lies beside them.
/// Cases of BraTS in this layout have the modalities, classes and regions of BraTS.
/// </summary>
public sealed class NnUNetLayout : IDatasetLayout
{
    internal const string Splits = "splits_final.json";

    /// <inheritdoc/>
    public string Name => "nnU-Net";

    /// <inheritdoc/>
    public string Expects => "dataset.json with imagesTr/CASE_0000.nii.gz and labelsTr/CASE.nii.gz as nnU-Net has them";

    /// <inheritdoc/>
    public DatasetFiles? Find(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (ImagesFolder.Locate(folder) is not { } root)
            return null;
        using DescribedDataset? description = DescribedDataset.Read(Path.Combine(root, ImagesFolder.Description));
        if (description is null || !description.Has("channel_names"))
            return null;
        description.RequireNifti();
        string[] channels = description.Channels("channel_names");
        IReadOnlyList<(string Name, IReadOnlyList<int> Numbers)>? labels = description.Labels();
        // Of BraTS only where both say so: other diseases are seen in the same images.
        (string[]? ofBraTS, LabelConvention? tissues) = (BraTSDescription.ModalitiesOf(channels), labels is null ? null : BraTSDescription.LabelsOf(labels));
        bool isBraTS = ofBraTS is not null && tissues is not null;
        string[] modalities = isBraTS ? ofBraTS! : channels;
        IReadOnlyList<CaseFiles> cases = ImagesFolder.FindOneFilePerModality(root, modalities);
        return new DatasetFiles
        {
            Layout = Name,
            Modalities = isBraTS ? [.. BraTSModality.All.Where(modalities.Contains)] : modalities,
            Cases = cases,
            Labels = isBraTS ? tissues : description.Convention(labels),
            Warnings = description.WarningOfCount(cases.Count(item => !item.IsTest)) is { } warning ? [warning] : [],
            Splits = DescribedDataset.ReadSplits(Path.Combine(root, NnUNetLayout.Splits)),
        };
    }
}
