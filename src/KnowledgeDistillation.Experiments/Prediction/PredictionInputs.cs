using System.Text.RegularExpressions;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.NnUNet;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>
/// Finds the cases to segment in files and folders: data sets in any layout that is known, folders of images named as nnU-Net wants them (CASE_0000.nii.gz),
/// images named by their modality (CASE_t1ce.nii.gz), and for networks that see one modality any NIfTI file.
/// </summary>
public sealed partial class PredictionInputs
{
    private static readonly string[] Endings = [".nii.gz", ".nii", ".hdr.gz", ".hdr", ".img.gz", ".img"];

    private readonly SegmentationEnsemble _ensemble;
    private readonly List<PredictionInput> _cases = [];
    private readonly List<string> _warnings = [];

    private PredictionInputs(SegmentationEnsemble ensemble) => _ensemble = ensemble;

    /// <summary>The cases, in the order in which they were given, those of a folder by name.</summary>
    public IReadOnlyList<PredictionInput> Cases => _cases;

    /// <summary>What is worth knowing, in sentences: what channels were taken for, files that are no part of a case.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    private IReadOnlyList<string> Needed => _ensemble.Modalities;

    /// <summary>Finds the cases.</summary>
    /// <param name="paths">NIfTI files and folders; at least one.</param>
    /// <param name="ensemble">The networks that will see them.</param>
    /// <exception cref="ExperimentException">No case can be segmented, or it is not known which modality an image is of.</exception>
    public static PredictionInputs Find(IReadOnlyList<string> paths, SegmentationEnsemble ensemble)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(ensemble);
        PredictionInputs found = new(ensemble);
        found.AddFiles([.. paths.Where(IsFile)]);
        foreach (string folder in paths.Where(path => !IsFile(path)))
            found.AddFolder(folder);
        if (found._cases.Count == 0 || found._cases.TrueForAll(item => item.Fault is not null))
        {
            throw new ExperimentException(found._cases.Count == 0
                ? $"There is no image in {string.Join(", ", paths.Select(path => $"'{path}'"))}."
                : $"No case can be segmented. {string.Join(' ', found._cases.Take(3).Select(item => $"{item.Id}: {item.Fault}"))}"
                    + $"{(found._cases.Count > 3 ? $" … ({found._cases.Count} in all)" : "")}");
        }

        return found;
    }

    /// <summary>The files for the results.</summary>
    /// <param name="output">A folder; for a single case also a file that ends in .nii or .nii.gz.</param>
    /// <param name="inputs">What was given, which no result may overwrite.</param>
    /// <exception cref="ExperimentException">Two results would have one name, or a result the name of an image,
    /// or lie among the images of a folder.</exception>
    public IReadOnlyList<string> NameResults(string output, IReadOnlyList<string> inputs)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(inputs);
        bool isFile = IsImageName(output) && !Directory.Exists(output);
        if (isFile && _cases.Count > 1)
            throw new ExperimentException($"'{output}' is one file, but {_cases.Count} cases were given: give a folder.");
        string[] results = [.. _cases.Select(item => isFile ? output : Path.Combine(output, item.ResultName + ".nii.gz"))];
        if (_cases.Zip(results).GroupBy(item => Path.GetFullPath(item.Second), StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1)
            is { } clash)
        {
            throw new ExperimentException($"The results of {string.Join(" and ", clash.Select(item => $"'{SourceOf(item.First)}'"))} would have the same name, "
                + $"'{clash.First().Second}': segment them in several calls into different folders.");
        }

        HashSet<string> images = [.. _cases.SelectMany(item => item.Case?.Images.Values.Select(image => Path.GetFullPath(image.Path)) ?? [])];
        images.UnionWith(inputs.Select(Path.GetFullPath));
        if (Array.Find(results, result => images.Contains(Path.GetFullPath(result))) is { } own)
            throw new ExperimentException($"The result '{own}' would overwrite an image: choose another folder.");
        if (!isFile && inputs.FirstOrDefault(input => !IsFile(input) && Path.GetFullPath(input) == Path.GetFullPath(output)) is { } same)
            throw new ExperimentException($"The results would lie among the images in '{same}', where they look like images: choose another folder.");
        return results;
    }

    /// <summary>Whether a path ends as that of a NIfTI image does, whether or not there is one.</summary>
    /// <param name="path">The path.</param>
    public static bool IsImageName(string path) => Endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static string SourceOf(PredictionInput item) => item.Case?.Images.First().Value.Path ?? item.Id;

    // A folder may have the name of a file, with the file in it; what is not there is reported as a file.
    private static bool IsFile(string path) => !Directory.Exists(path) || NiftiFiles.NameOf(Path.GetFileName(Path.GetFullPath(path))) is not null;

    private static string StemOf(string path)
    {
        string name = Path.GetFileName(path);
        string? ending = Array.Find(Endings, ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
        return ending is null ? name : name[..^ending.Length];
    }

    private static (string Case, int Channel)? Numbered(string path) => ChannelNumber().Match(StemOf(path)) is { Success: true } match
        ? (match.Groups["case"].Value, int.Parse(match.Groups["channel"].ValueSpan))
        : null;

    // A number at the end of a name may be anything, unless it is the first channel's, or that one lies beside it.
    private static bool IsChannel(string path) => Numbered(path) is { } item
        && (item.Channel == 0 || Exists(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, item.Case + "_0000")));

    private static bool Exists(string stem) => Array.Exists(Endings, ending => File.Exists(stem + ending));

    private void AddFiles(IReadOnlyList<string> files)
    {
        foreach (var folder in files.Where(IsChannel).GroupBy(path => Path.GetDirectoryName(Path.GetFullPath(path))!))
            AddChannels(folder.Key, [.. folder]);
        string[] others = [.. files.Where(path => !IsChannel(path))];
        if (others.Length > 0 && !_ensemble.NeedsAllModalities && Needed.Count > 1)
        {
            throw new ExperimentException($"The network works with any of {Titles(Needed)}: say which one the images are (set Modality), "
                + "or give the folder of a data set.");
        }

        if (Needed.Count == 1)
        {
            foreach (string path in others)
                AddImage(path);
        }
        else
        {
            AddByModality(others);
        }
    }

    private void AddImage(string path)
    {
        string stem = StemOf(path), modality = Needed[0];
        CaseFiles files = new(stem, "");
        string image = Directory.Exists(path) ? NiftiFiles.FileOf(new DirectoryInfo(path), files) : path;
        // Only the names of BraTS are known; a network for other images is not told anything by them.
        string? other = CaseFinder.ModalityIn(stem)?.Modality is { } named && named != modality && BraTSModality.All.Contains(modality) ? named : null;
        _cases.Add(new PredictionInput(stem, stem + "_seg")
        {
            Title = path,
            Case = files.Faults.Count > 0 ? null : CaseOf(stem, [(modality, image, 0)]),
            Fault = files.Faults.Count > 0 ? string.Join(' ', files.Faults) : null,
            Doubt = other is null
                ? null
                : $"its name says {BraTSModality.Title(other)}, but the network sees {BraTSModality.Title(modality)}; do not rely on the result.",
        });
    }

    private void AddByModality(IReadOnlyList<string> files)
    {
        (string Path, (string Prefix, string Modality)? Name)[] named = [.. files.Select(path => (path, ModalityIn(StemOf(path))))];
        foreach ((string path, _) in named.Where(item => item.Name is null))
        {
            _cases.Add(new PredictionInput(StemOf(path), StemOf(path))
            {
                Fault = $"the network needs {Titles(Needed)}, and the name of '{path}' does not tell which of them it is: "
                    + $"name the images of a case CASE_{Needed[0]}.nii.gz and so on, or CASE_0000.nii.gz and so on in the order of the channels.",
            });
        }

        foreach (var group in named.Where(item => item.Name is not null)
            .GroupBy(item => (Folder: Path.GetDirectoryName(Path.GetFullPath(item.Path))!, item.Name!.Value.Prefix)))
        {
            AddCase(group.Key.Prefix, [.. group.Select(item => (item.Name!.Value.Modality, item.Path, 0))]);
        }
    }

    // By the modality's own name, or by one that BraTS has for it.
    private (string Prefix, string Modality)? ModalityIn(string stem)
    {
        foreach (string modality in Needed)
        {
            int length = stem.Length - modality.Length - 1;
            if (length > 0 && stem.EndsWith(modality, StringComparison.OrdinalIgnoreCase) && stem[length] is '_' or '-')
                return (stem[..length], modality);
        }

        return CaseFinder.ModalityIn(stem);
    }

    private void AddChannels(string folder, IReadOnlyList<string> files)
    {
        IReadOnlyList<string>? described = NnUNetLayout.ChannelsOf(folder)
            ?? (Path.GetDirectoryName(folder) is { } parent ? NnUNetLayout.ChannelsOf(parent) : null);
        // Channels that were not given count too: which one the first is depends on how many there are.
        int count = files.Max(path => Numbered(path)!.Value.Channel) + 1;
        while (files.Any(path => Exists(Path.Combine(folder, $"{Numbered(path)!.Value.Case}_{count:0000}"))))
            count++;
        IReadOnlyList<string> channels = described ?? (count == 1 && Needed.Count == 1 ? Needed : _ensemble.AllModalities);
        if (described is null && channels.Count != count)
        {
            throw new ExperimentException($"The images in '{folder}' have {count} channel(s), and the network was built for {Titles(channels)}: "
                + "put the dataset.json of the data set beside them or one folder above, which says which channel is which.");
        }

        if (described is null && count > 1)
        {
            _warnings.Add($"The channels of the images in '{folder}' are taken for "
                + $"{string.Join(", ", channels.Select((name, number) => $"{number:0000} = {BraTSModality.Title(name)}"))}, "
                + "the order of the network; a dataset.json beside them would say for certain.");
        }

        foreach (var group in files.GroupBy(path => Numbered(path)!.Value.Case).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            AddCase(group.Key, [.. group.Select(path => (Channel: Numbered(path)!.Value.Channel, Path: path))
                .Where(item => item.Channel < channels.Count)
                .Select(item => (_ensemble.AllModalities.FirstOrDefault(name => name.Equals(channels[item.Channel], StringComparison.OrdinalIgnoreCase))
                    ?? channels[item.Channel], item.Path, 0))]);
        }
    }

    private void AddFolder(string folder)
    {
        string[] images = [.. Directory.EnumerateFileSystemEntries(folder)
            .Where(path => NiftiFiles.NameOf(Path.GetFileName(path)) is not null).Order(StringComparer.Ordinal)];
        string[] channels = [.. images.Where(IsChannel)];
        if (channels.Length > 0)
        {
            AddChannels(folder, channels);
            AddFiles([.. images.Except(channels)]);
            return;
        }

        MedicalDataset dataset;
        try
        {
            dataset = MedicalDataset.Open(folder, new MedicalDatasetOptions
            {
                RequireSegmentation = false,
                VerifySegmentations = false,
                RequiredModalities = [],
                FaultyCases = FaultyCaseHandling.Skip,
            });
        }
        catch (MedicalDatasetException exception) when (exception.Faults.Count > 0)
        {
            AddFaults(exception.Faults);
            return;
        }
        catch (MedicalDatasetException) when (images.Length > 0)
        {
            AddFiles(images);
            return;
        }
        catch (Exception exception) when (exception is MedicalDatasetException or UnauthorizedAccessException)
        {
            throw new ExperimentException(exception.Message, exception);
        }

        AddFaults(dataset.Faults);
        foreach (MedicalCase item in dataset.Cases)
        {
            AddCase(item.Id, [.. item.Images.Select(image =>
                (_ensemble.AllModalities.FirstOrDefault(name => name.Equals(image.Key, StringComparison.OrdinalIgnoreCase)) ?? image.Key, image.Value.Path,
                    image.Value.Frame))]);
        }

        HashSet<string> used = [.. dataset.Cases.SelectMany(item => item.Images.Values.Select(image => image.Path).Append(item.SegmentationPath ?? ""))];
        string[] left = [.. images.Where(path => !used.Contains(Path.GetFullPath(path)))];
        if (left.Length > 0 && dataset.Faults.Count == 0)
        {
            _warnings.Add($"{left.Length} image(s) in '{folder}' belong to no case and are left out, among them '{left[0]}': give them by themselves.");
        }
    }

    private void AddFaults(IEnumerable<CaseFault> faults) =>
        _cases.AddRange(faults.Select(fault => new PredictionInput(fault.CaseId, fault.CaseId) { Fault = fault.Reason }));

    private void AddCase(string id, IReadOnlyList<(string Modality, string Path, int Frame)> images)
    {
        (string Modality, string Path, int Frame)[] seen = [.. images.Where(image => Needed.Contains(image.Modality))];
        string[] missing = [.. Needed.Except(seen.Select(image => image.Modality))];
        string? fault = seen.GroupBy(image => image.Modality).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? $"there are two images of {BraTSModality.Title(twice.Key)}: {string.Join(" and ", twice.Select(image => $"'{image.Path}'"))}."
            : seen.Length == 0 || (missing.Length > 0 && _ensemble.NeedsAllModalities)
                ? $"{Titles(missing)} {(missing.Length == 1 ? "is" : "are")} missing: the network needs {Titles(Needed)}, but of this case there is "
                    + $"{(images.Count == 0 ? "nothing" : Titles(images.Select(image => image.Modality)))}."
                : null;
        _cases.Add(new PredictionInput(id, id) { Case = fault is null ? CaseOf(id, seen, images) : null, Fault = fault });
    }

    private MedicalCase CaseOf(
        string id, (string Modality, string Path, int Frame)[] seen, IReadOnlyList<(string Modality, string Path, int Frame)>? all = null) => new(
            id,
            seen.ToDictionary(
                image => image.Modality,
                image => new ImageFile(image.Path, image.Frame) { VolumeCount = (all ?? seen).Count(other => other.Path == image.Path) },
                StringComparer.Ordinal),
            _ensemble.Labels);

    private static string Titles(IEnumerable<string> modalities) => string.Join(", ", modalities.Select(BraTSModality.Title));

    [GeneratedRegex("^(?<case>.+)_(?<channel>[0-9]{4})$", RegexOptions.CultureInvariant)]
    private static partial Regex ChannelNumber();
}
