namespace KnowledgeDistillation.Samples.BraTS.Dicom;

/// <summary>An image that was made from DICOM.</summary>
/// <param name="Name">The number of its series; where a series gave several images, with what tells them apart, for example "3a" or "3_e2".</param>
/// <param name="Description">The description of the series; empty where it has none.</param>
/// <param name="File">The NIfTI file.</param>
internal sealed record DicomImage(string Name, string Description, string File)
{
    /// <summary>Number and description, which say nothing of the patient.</summary>
    public override string ToString() => Description.Length == 0 ? Name : $"{Name} ({Description})";
}
