namespace KnowledgeDistillation.Medical.NnUNet;

/// <summary>How a network of nnU-Net sees a data set.</summary>
/// <param name="Modalities">The data set's modality of each channel.</param>
/// <param name="Outputs">The output of the network for each class of the data set, background first.</param>
internal sealed record NnUNetFit(IReadOnlyList<string> Modalities, IReadOnlyList<int> Outputs);
