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
        var ofBraTS = BraTSDescription.Of(channels, labels is null ? null : BraTSDescription.LabelsOf(labels));
        IReadOnlyList<CaseFiles> cases = ImagesFolder.FindOneFilePerModality(root, ofBraTS?.ByChannel ?? channels);
        return new DatasetFiles
        {
            Layout = Name,
            Modalities = ofBraTS?.InOrder ?? channels,
            Cases = cases,
            Labels = ofBraTS?.Labels ?? description.Convention(labels),
            Warnings = description.WarningOfCount(cases.Count(item => !item.IsTest)) is { } warning ? [warning] : [],
            Splits = DescribedDataset.ReadSplits(Path.Combine(root, NnUNetLayout.Splits)),
        };
    }

    /// <summary>The modalities of the channels 0, 1 and so on that a dataset.json in a folder names; null where there is none.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="MedicalDatasetException">The description makes no sense.</exception>
    internal static IReadOnlyList<string>? ChannelsOf(string folder)
    {
        using DescribedDataset? description = DescribedDataset.Read(Path.Combine(folder, ImagesFolder.Description));
        if (description is null || !description.Has("channel_names"))
            return null;
        string[] channels = description.Channels("channel_names");
        IReadOnlyList<(string Name, IReadOnlyList<int> Numbers)>? labels = description.Labels();
        return BraTSDescription.Of(channels, labels is null ? null : BraTSDescription.LabelsOf(labels))?.ByChannel ?? channels;
    }
}
