using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Medical.Decathlon;

/// <summary>
/// Tasks of the Medical Segmentation Decathlon: <c>imagesTr</c> with one file per case, which holds a volume for each modality, <c>labelsTr</c>,
/// <c>imagesTs</c>, and <c>dataset.json</c>, which names modalities and labels; also with one file per modality (<c>CASE_0000.nii.gz</c>). Task01 has the
/// modalities, classes and regions of BraTS, and needs no dataset.json.
/// </summary>
public sealed class DecathlonLayout : IDatasetLayout
{
    private static readonly string[] ChannelsOfTask01 = ["FLAIR", "T1w", "T1gd", "T2w"];

    /// <inheritdoc/>
    public string Name => "Decathlon";

    /// <inheritdoc/>
    public string Expects => "dataset.json, imagesTr and labelsTr of a task of the Medical Segmentation Decathlon";

    /// <inheritdoc/>
    public DatasetFiles? Find(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (ImagesFolder.Locate(folder) is not { } root)
            return null;
        using DescribedDataset? description = DescribedDataset.Read(Path.Combine(root, ImagesFolder.Description));
        if (description is not null && description.Has("channel_names"))
            return null;
        string[] channels = description is null ? ChannelsOfTask01 : description.Channels("modality");
        IReadOnlyList<(string Name, IReadOnlyList<int> Numbers)>? labels = description?.Labels();
        // Without any labels, images of BraTS are those of Task01.
        var ofBraTS = BraTSDescription.Of(
            channels, labels is null ? BraTSLabelConvention.MedicalSegmentationDecathlon : BraTSDescription.LabelsOf(labels));
        string[] modalities = ofBraTS?.ByChannel ?? channels;
        IReadOnlyList<CaseFiles> cases = ImagesFolder.HasOneFilePerModality(root)
            ? ImagesFolder.FindOneFilePerModality(root, modalities)
            : ImagesFolder.FindOneFile(root, modalities, ofBraTS is null ? null : BraTSLabelConvention.BraTS2018);
        return new DatasetFiles
        {
            Layout = Name,
            Modalities = ofBraTS?.InOrder ?? channels,
            Cases = cases,
            Labels = ofBraTS?.Labels ?? description!.Convention(labels),
            Warnings = description?.WarningOfCount(cases.Count(item => !item.IsTest)) is { } warning ? [warning] : [],
        };
    }
}
