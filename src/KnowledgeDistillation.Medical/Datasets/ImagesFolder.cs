using System.Text.RegularExpressions;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>Data sets that lie in imagesTr, labelsTr and imagesTs, as those of nnU-Net and of the Medical Segmentation Decathlon do.</summary>
internal static partial class ImagesFolder
{
    public const string Description = "dataset.json";
    private const string TrainingImages = "imagesTr";
    private const string TestImages = "imagesTs";
    private const string TrainingLabels = "labelsTr";
    private const int MostLevels = 4;

    /// <summary>Whether a folder holds such a data set.</summary>
    public static bool IsOne(string folder) => Directory.Exists(Path.Combine(folder, TrainingImages));

    /// <summary>The one folder of a data set at or below a folder; null where there is none.</summary>
    /// <exception cref="MedicalDatasetException">There are several.</exception>
    public static string? Locate(string folder)
    {
        if (IsOne(folder))
            return folder;
        string[] found =
        [
            .. Directory.EnumerateDirectories(folder, TrainingImages, new EnumerationOptions
            {
                RecurseSubdirectories = true, MaxRecursionDepth = MostLevels, IgnoreInaccessible = true, MatchCasing = MatchCasing.CaseSensitive,
            }).Select(path => Path.GetDirectoryName(path)!).Order(StringComparer.Ordinal),
        ];
        return found.Length switch
        {
            0 => null,
            1 => found[0],
            _ => throw new MedicalDatasetException($"'{folder}' holds {found.Length} data sets: {string.Join(", ", found.Take(8).Select(path => $"'{path}'"))}"
                + $"{(found.Length > 8 ? ", …" : "")}; open one of them."),
        };
    }

    /// <summary>The cases whose images are one file per modality, named CASE_0000, CASE_0001 and so on.</summary>
    public static IReadOnlyList<CaseFiles> FindOneFilePerModality(string folder, IReadOnlyList<string> modalities) => Find(folder, (path, isTest) =>
        Entries(path).Select(entry => (Entry: entry, Match: Numbered().Match(NiftiFiles.NameOf(entry.Name)!)))
            .GroupBy(item => item.Match.Success ? item.Match.Groups["case"].Value : NiftiFiles.NameOf(item.Entry.Name)!, StringComparer.Ordinal)
            .Select(group =>
            {
                CaseFiles files = new(group.Key, path) { IsTest = isTest };
                foreach ((FileSystemInfo entry, Match match) in group)
                {
                    if (!match.Success)
                        files.AddFault($"'{entry.FullName}' does not end in the number of a channel, such as _0000.");
                    else if (int.Parse(match.Groups["channel"].Value) is var channel && channel < modalities.Count)
                        files.AddImage(modalities[channel], new ImageFile(NiftiFiles.FileOf(entry, files)));
                    else
                        files.AddFault($"'{entry.FullName}' is channel {channel}, but the data set has the channels 0 to {modalities.Count - 1}.");
                }

                return files;
            }));

    /// <summary>The cases whose images lie in one file each, a volume for each modality.</summary>
    public static IReadOnlyList<CaseFiles> FindOneFile(string folder, IReadOnlyList<string> modalities, LabelConvention? expectedLabels = null) => Find(
        folder, (path, isTest) => Entries(path).Select(entry =>
        {
            CaseFiles files = new(NiftiFiles.NameOf(entry.Name)!, path) { IsTest = isTest, ExpectedLabels = expectedLabels };
            string file = NiftiFiles.FileOf(entry, files);
            for (int frame = 0; frame < modalities.Count; frame++)
                files.AddImage(modalities[frame], new ImageFile(file, frame));
            return files;
        }));

    /// <summary>Whether images are named CASE_0000 while their references are named CASE.</summary>
    public static bool HasOneFilePerModality(string folder)
    {
        string[] images = [.. Entries(Path.Combine(folder, TrainingImages)).Select(entry => NiftiFiles.NameOf(entry.Name)!)];
        HashSet<string> references = [.. Entries(Path.Combine(folder, TrainingLabels)).Select(entry => NiftiFiles.NameOf(entry.Name)!)];
        return images.Length > 0 && images.All(name => Numbered().IsMatch(name)) && !images.Any(references.Contains);
    }

    private static CaseFiles[] Find(string folder, Func<string, bool, IEnumerable<CaseFiles>> casesIn)
    {
        CaseFiles[] training = [.. casesIn(Path.Combine(folder, TrainingImages), false)];
        ILookup<string, FileSystemInfo> references =
            Entries(Path.Combine(folder, TrainingLabels)).ToLookup(entry => NiftiFiles.NameOf(entry.Name)!, StringComparer.Ordinal);
        foreach (CaseFiles files in training)
        {
            foreach (FileSystemInfo reference in references[files.Id])
                files.AddSegmentation(NiftiFiles.FileOf(reference, files));
        }

        // A reference without images would be passed over without a word.
        IEnumerable<CaseFiles> orphans = references.Select(group => group.Key).Except(training.Select(files => files.Id)).Select(id =>
        {
            CaseFiles files = new(id, Path.Combine(folder, TrainingLabels));
            files.AddFault($"there is a reference in {TrainingLabels}, but no image in {TrainingImages}.");
            return files;
        });
        return [.. training, .. orphans, .. casesIn(Path.Combine(folder, TestImages), true)];
    }

    private static FileSystemInfo[] Entries(string folder)
    {
        if (!Directory.Exists(folder))
            return [];
        try
        {
            return [.. new DirectoryInfo(folder).EnumerateFileSystemInfos().Where(entry => NiftiFiles.NameOf(entry.Name) is not null)
                .OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new MedicalDatasetException($"The folder '{folder}' cannot be read: {exception.Message}", exception);
        }
    }

    [GeneratedRegex("^(?<case>.+)_(?<channel>[0-9]{4})$", RegexOptions.CultureInvariant)]
    private static partial Regex Numbered();
}
