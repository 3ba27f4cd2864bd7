using System.Text.Json;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>Task01 of the Medical Segmentation Decathlon: imagesTr with one 4-D file per case, labelsTr, and dataset.json that names the channels.</summary>
internal static class DecathlonLayout
{
    public const string ImageFolder = "imagesTr";
    private const string TestFolder = "imagesTs";
    private const string LabelFolder = "labelsTr";

    private static readonly Dictionary<string, string> Modalities = new(StringComparer.OrdinalIgnoreCase)
    {
        ["FLAIR"] = BraTSModality.Flair,
        ["T1"] = BraTSModality.T1,
        ["T1w"] = BraTSModality.T1,
        ["T1gd"] = BraTSModality.T1ce,
        ["T1ce"] = BraTSModality.T1ce,
        ["T2"] = BraTSModality.T2,
        ["T2w"] = BraTSModality.T2,
    };

    public static IEnumerable<CaseFiles> Find(string folder)
    {
        string[] channels = Channels(Path.Combine(folder, "dataset.json"));
        foreach (string images in (string[])[ImageFolder, TestFolder])
        {
            string path = Path.Combine(folder, images);
            if (!Directory.Exists(path))
                continue;
            foreach (FileSystemInfo entry in new DirectoryInfo(path).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
            {
                if (CaseFinder.NiftiName(entry.Name) is not { } id)
                    continue;
                CaseFiles found = new(id, path) { Labels = BraTSLabelConvention.MedicalSegmentationDecathlon };
                string file = CaseFinder.FileOf(entry, found.Faults);
                for (int frame = 0; frame < channels.Length; frame++)
                    found.AddImage(channels[frame], new ImageFile(file, frame));
                foreach (string extension in (string[])[".nii.gz", ".nii"])
                {
                    string labels = Path.Combine(folder, LabelFolder, id + extension);
                    if (images == ImageFolder && (File.Exists(labels) || Directory.Exists(labels)))
                        found.AddSegmentation(CaseFinder.FileOf(File.Exists(labels) ? new FileInfo(labels) : new DirectoryInfo(labels), found.Faults));
                }

                yield return found;
            }
        }
    }

    private static string[] Channels(string path)
    {
        if (!File.Exists(path))
            return [BraTSModality.Flair, BraTSModality.T1, BraTSModality.T1ce, BraTSModality.T2];
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            string[] names =
            [
                .. json.RootElement.GetProperty("modality").EnumerateObject().OrderBy(channel => int.Parse(channel.Name))
                    .Select(channel => channel.Value.GetString() ?? ""),
            ];
            if (names.Length > 0 && names.Select(name => Modalities.GetValueOrDefault(name, "")).ToArray() is var channels
                && !channels.Contains("") && channels.Distinct().Count() == channels.Length)
            {
                return channels;
            }

            throw new BraTSDatasetException($"'{path}' names the channels {string.Join(", ", names)}; expected each of FLAIR, T1w, T1gd, T2w at most once.");
        }
        catch (Exception exception) when (exception is JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new BraTSDatasetException(
                $"'{path}' does not name the channels of the images as \"modality\": {{ \"0\": \"FLAIR\", … }}: {exception.Message}", exception);
        }
    }
}
