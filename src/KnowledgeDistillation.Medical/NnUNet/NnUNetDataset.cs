using System.Globalization;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Medical.NnUNet;

/// <summary>What the dataset.json beside a network of nnU-Net says of its channels and classes.</summary>
/// <param name="Path">The file.</param>
/// <param name="Channels">The names of the channels.</param>
/// <param name="Labels">The classes in the order of their numbers.</param>
/// <param name="ChannelsOfBraTS">The modalities of the channels where the network segments tumors of BraTS; else null.</param>
/// <param name="LabelsOfBraTS">The classes as those of BraTS, with its order; null where they are others.</param>
internal sealed record NnUNetDataset(
    string Path, string[] Channels, LabelConvention Labels, IReadOnlyList<string>? ChannelsOfBraTS, LabelConvention? LabelsOfBraTS)
{
    /// <summary>Reads the file.</summary>
    /// <exception cref="CheckpointException">It is missing or makes no sense, or the classes overlap.</exception>
    public static NnUNetDataset Read(string path)
    {
        try
        {
            using DescribedDataset? description = DescribedDataset.Read(path);
            if (description?.Has("channel_names") != true)
                throw new CheckpointException(path, "it is missing or names no channels");
            IReadOnlyList<(string Name, IReadOnlyList<int> Numbers)>? labels = description.Labels();
            if (labels?.All(label => label.Numbers.Count == 1) != true || description.Convention(labels) is not { } convention)
            {
                throw new CheckpointException(
                    path, "its labels are missing, or are regions, for which the network has sigmoids; only exclusive labels can be read");
            }

            string[] channels = description.Channels("channel_names");
            LabelConvention? ofBraTS = BraTSDescription.LabelsOf(labels);
            return new NnUNetDataset(path, channels, convention, BraTSDescription.Of(channels, ofBraTS)?.ByChannel, ofBraTS);
        }
        catch (MedicalDatasetException exception)
        {
            // Its message begins with the path, as that of this exception does.
            throw new CheckpointException(path, exception.Message.Replace($"'{path}'", "it", StringComparison.Ordinal), exception);
        }
    }

    /// <summary>How the network sees a data set.</summary>
    /// <exception cref="CheckpointException">The data set lacks a modality, or has other classes; the message has both lists.</exception>
    public NnUNetFit On(DatasetDescription data)
    {
        string?[] modalities = [.. (ChannelsOfBraTS ?? Channels).Select(data.FindModality)];
        if (Array.Exists(modalities, modality => modality is null) || modalities.Distinct().Count() < modalities.Length)
        {
            throw new CheckpointException(
                Path, $"its channels are {string.Join(", ", Channels)}, but the modalities of the data set are {string.Join(", ", data.Modalities)}: "
                    + "where both are the same images, give the channels there the names that the data set has");
        }

        LabelConvention known = LabelsOfBraTS is { } brain && HasNames(brain, data.Labels) ? brain : Labels;
        if (!HasNames(known, data.Labels))
        {
            throw new CheckpointException(
                Path, $"its labels are {Text(Labels)}, but those of the data set are {Text(data.Labels)}: "
                    + "where both mean the same, give the labels of one the names of the other");
        }

        // The outputs stand in the order of nnU-Net's numbers, which Labels has too.
        return new NnUNetFit(modalities!, [0, .. data.Labels.ShortNames.Select(name => OutputOf(known.Map.LabelOf(1 + Place(known, name))))]);

        int OutputOf(int number) => Enumerable.Range(1, Labels.ShortNames.Count).Single(output => Labels.Map.LabelOf(output) == number);
    }

    private static bool HasNames(LabelConvention one, LabelConvention other) =>
        one.ShortNames.Count == other.ShortNames.Count && other.ShortNames.All(name => Place(one, name) >= 0);

    private static int Place(LabelConvention labels, string name) =>
        labels.ShortNames.ToList().FindIndex(known => known.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static string Text(LabelConvention labels) => string.Join(
        ", ", labels.ShortNames.Select((name, place) => string.Create(CultureInfo.InvariantCulture, $"{labels.Map.LabelOf(place + 1)}={name}")));
}
