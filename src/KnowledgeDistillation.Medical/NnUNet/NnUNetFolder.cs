using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Medical.NnUNet;

/// <summary>Writes data sets as raw folders of nnU-Net v2.</summary>
public static class NnUNetFolder
{
    private const string Ending = ".nii.gz";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes a data set: imagesTr and labelsTr for the cases that have a reference, imagesTs for the others, and dataset.json. Images that are compressed
    /// files of their own become links, where the file system has them; others are written anew with the same voxels. Labels are numbered from 1 without
    /// a gap, as nnU-Net needs them, and those that are ignored have the highest number. Folds that the data set prescribes are kept.
    /// </summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="folder">A folder that does not exist yet or is empty, for example nnUNet_raw/Dataset501_Mine.</param>
    /// <param name="progress">Receives the number of cases done so far.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="IOException">The folder holds something, or cannot be written.</exception>
    /// <exception cref="InvalidDataException">An image is damaged, or a case lacks a modality; the message names the case.</exception>
    public static void Write(MedicalDataset dataset, string folder, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"The folder '{folder}' is not empty: choose another.");
        foreach (MedicalCase item in dataset.Cases)
        {
            if (dataset.Modalities.FirstOrDefault(name => !item.Images.ContainsKey(name)) is { } missing)
                throw new InvalidDataException($"Case {item.Id} lacks {missing}: a raw folder needs every modality of every case.");
        }

        int done = 0;
        foreach (MedicalCase item in dataset.Cases)
        {
            cancellation.ThrowIfCancellationRequested();
            string images = Path.Combine(folder, item.SegmentationPath is null ? "imagesTs" : "imagesTr");
            Directory.CreateDirectory(images);
            for (int channel = 0; channel < dataset.Modalities.Count; channel++)
                WriteImage(item.Images[dataset.Modalities[channel]], Path.Combine(images, FormattableString.Invariant($"{item.Id}_{channel:0000}{Ending}")));
            if (item.SegmentationPath is not null)
                WriteLabels(item, item.SegmentationPath, Path.Combine(folder, "labelsTr", item.Id + Ending));
            progress?.Report(++done);
        }

        AtomicFile.WriteText(Path.Combine(folder, ImagesFolder.Description), Description(dataset).ToJsonString(Json));
        if (dataset.Splits.Count > 0)
        {
            JsonArray splits = new(
                [.. dataset.Splits.Select(split => new JsonObject { ["train"] = Names(split.Training), ["val"] = Names(split.Validation) })]);
            AtomicFile.WriteText(Path.Combine(folder, NnUNetLayout.Splits), splits.ToJsonString(Json));
        }

        static JsonArray Names(IEnumerable<string> names) => new([.. names.Select(name => (JsonNode?)name)]);
    }

    private static void WriteImage(ImageFile image, string path)
    {
        if (image.Path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase) && NiftiImage.LoadHeader(image.Path).FrameCount == 1)
        {
            Link(image.Path, path);
            return;
        }

        NiftiImage whole = NiftiImage.Load(image.Path);
        whole.WithVoxels(whole.ToVolume(image.Frame)).Save(path);
    }

    private static void WriteLabels(MedicalCase item, string source, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        LabelMap map = item.Labels.Map;
        bool isTheSame = map.Others.Count == 0 && Enumerable.Range(1, map.Names.Count - 1).All(number => map.LabelOf(number) == number);
        if (isTheSame && source.EndsWith(Ending, StringComparison.OrdinalIgnoreCase))
        {
            Link(source, path);
            return;
        }

        NiftiImage labels = NiftiImage.Load(source);
        Volume<int> onDisk = labels.ToLabels();
        byte[] classes = map.ToClasses(onDisk);
        int ignored = map.Names.Count;
        labels.WithVoxels(new Volume<int>(onDisk.Grid, [.. classes.Select(number => number == LabelMap.Ignored ? ignored : number)])).Save(path);
    }

    private static void Link(string source, string path)
    {
        try
        {
            File.CreateSymbolicLink(path, Path.GetFullPath(source));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // Not every file system, and not every user, may make links.
            File.Copy(source, path);
        }
    }

    private static JsonObject Description(MedicalDataset dataset)
    {
        LabelConvention labels = dataset.Labels;
        JsonObject description = new()
        {
            ["channel_names"] = new JsonObject(dataset.Modalities.Select((name, channel) =>
                KeyValuePair.Create(FormattableString.Invariant($"{channel}"), (JsonNode?)name))),
        };
        JsonObject numbers = new() { [LabelConvention.BackgroundName] = 0 };
        // The regions of BraTS follow from its classes.
        bool hasRegions = labels.Regions.Any(region => region.Classes.Count > 1) && labels.Classes != BraTS.BraTSRegions.Classes;
        if (hasRegions)
        {
            // With each class that lies in none: nnU-Net refuses a voxel of a class that it is told nothing of.
            OverlappingRegions regions = labels.ToOverlappingRegions();
            foreach (Region region in regions.Regions)
                numbers[region.Name] = region.Classes.Count == 1 ? region.Classes[0] : new JsonArray([.. region.Classes.Select(number => (JsonNode?)number)]);
            description["regions_class_order"] = new JsonArray([.. regions.InnermostClasses.Select(number => (JsonNode?)number)]);
        }
        else
        {
            for (int number = 1; number < labels.Map.Names.Count; number++)
                numbers[labels.ShortNames[number - 1]] = number;
        }

        if (labels.Map.Others.Values.Contains(LabelMap.Ignored))
            numbers[LabelConvention.IgnoreName] = labels.Map.Names.Count;
        description["labels"] = numbers;
        description["numTraining"] = dataset.Cases.Count(item => item.SegmentationPath is not null);
        description["file_ending"] = Ending;
        return description;
    }
}
