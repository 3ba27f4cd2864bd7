using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Samples.BraTS.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.Dicom;

/// <summary>
/// The series of a folder of DICOM as NIfTI files, which the program dcm2niix makes in a temporary folder. Of the DICOM's header only geometry, number and
/// description of the series are kept; nothing here shows a name of the folder or of a file, for both are often those of patients.
/// </summary>
internal sealed class DicomFolder : IDisposable
{
    // All that dcm2niix finds below the folder; it goes no deeper.
    private const int Depth = 9;
    private const int PreambleLength = 128;

    // The texts of a NIfTI-1 header: data_type and db_name, descrip and aux_file, intent_name.
    private static readonly (int Start, int Length)[] Texts = [(4, 28), (148, 104), (328, 16)];

    private readonly DirectoryInfo _folder;

    private DicomFolder(DirectoryInfo folder, IReadOnlyList<DicomImage> images, bool isIncomplete)
    {
        (_folder, Images, IsIncomplete) = (folder, images, isIncomplete);
    }

    /// <summary>The images, by the number of their series.</summary>
    public IReadOnlyList<DicomImage> Images { get; }

    /// <summary>Whether dcm2niix says that it could not convert all files.</summary>
    public bool IsIncomplete { get; }

    /// <summary>Whether a path is a folder of DICOM: one that holds, itself or below, a DICOM file and no NIfTI file.</summary>
    public static bool IsMeantBy(string path)
    {
        if (!Directory.Exists(path))
            return false;
        var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = Depth, IgnoreInaccessible = true };
        bool isFound = false;
        foreach (string file in Directory.EnumerateFiles(path, "*", options))
        {
            if (PredictionInputs.IsImageName(file))
                return false;
            isFound = isFound || IsDicom(file);
        }

        return isFound;
    }

    /// <summary>Whether a file is of DICOM: 128 bytes of anything, then "DICM".</summary>
    public static bool IsDicom(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            byte[] head = new byte[PreambleLength + 4];
            return stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.AsSpan(PreambleLength).SequenceEqual("DICM"u8);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Converts a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="cancellation">Stops the conversion.</param>
    /// <param name="program">The program dcm2niix.</param>
    /// <exception cref="UsageException">dcm2niix is not installed, or makes no image of the folder.</exception>
    public static DicomFolder Convert(string path, CancellationToken cancellation, string program = "dcm2niix")
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kdnet-dicom-");
        try
        {
            int code = Run(program, path, folder.FullName, cancellation);
            DicomImage[] images =
            [
                .. Directory.EnumerateFiles(folder.FullName, "*.nii").Select(ImageOf).OrderBy(NumberOf).ThenBy(image => image.Name, StringComparer.Ordinal),
            ];
            if (images.Length == 0)
                throw new UsageException($"dcm2niix made no image of the DICOM files (it ended with code {code}): call it by itself to see why.");
            foreach (DicomImage image in images)
                ClearTexts(image.File);
            return new DicomFolder(folder, images, code != 0);
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>The images to segment, named by their series and where needed by their modality, as <see cref="PredictionInputs"/> wants them.</summary>
    /// <param name="chosen">Which series is which modality, each "t1ce=7"; for a network that sees one, "7" is enough,
    /// and none where there is one series.</param>
    /// <param name="needed">The modalities that the network sees.</param>
    /// <exception cref="UsageException">It is not said which series are meant, or there are no such ones.</exception>
    public IReadOnlyList<string> Choose(IReadOnlyList<string> chosen, IReadOnlyList<string> needed)
    {
        if (chosen.Count == 0)
        {
            return Images.Count == 1 && needed.Count == 1
                ? [Named(Images[0], "")]
                : throw new UsageException($"Say with --series which series of the DICOM files is {ListOf(needed, "which modality")}, "
                    + $"for example --series {string.Join(',', needed.Take(Images.Count).Zip(Images, (modality, image) => $"{modality}={image.Name}"))}. "
                    + $"{Found}");
        }

        List<(string Modality, DicomImage Image)> pairs = [];
        foreach (string text in chosen)
        {
            string[] parts = text.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts.Length == 1 && needed.Count > 1)
                throw new UsageException($"--series {text} does not say which modality it is: write for example {needed[0]}={text}.");
            string modality = parts.Length == 1 ? needed[0] : needed.FirstOrDefault(name => name.Equals(parts[0], StringComparison.OrdinalIgnoreCase))
                ?? throw new UsageException($"--series {text}: the network sees {string.Join(", ", needed)}, not '{parts[0]}'.");
            DicomImage image = Images.FirstOrDefault(image => image.Name.Equals(parts[^1], StringComparison.OrdinalIgnoreCase))
                ?? throw new UsageException($"--series {text}: there is no series '{parts[^1]}'. {Found}");
            if (pairs.Exists(pair => pair.Modality == modality || pair.Image == image))
                throw new UsageException($"--series {text}: {modality} or series {image.Name} was named before. Give each modality a series of its own.");
            pairs.Add((modality, image));
        }

        if (needed.Count == 1)
            return [Named(pairs[0].Image, "")];
        string together = string.Join('-', pairs.Select(pair => pair.Image.Name));
        return [.. pairs.Select(pair => Named(pair.Image, pair.Modality, together))];
    }

    /// <summary>Deletes the images.</summary>
    public void Dispose() => _folder.Delete(recursive: true);

    private string Found => $"There {(Images.Count == 1 ? "is" : "are")}: {string.Join(", ", Images)}.";

    private static string ListOf(IReadOnlyList<string> needed, string several) => needed.Count == 1 ? needed[0] : several;

    private static int Run(string program, string path, string output, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // Whatever the user's defaults are; descriptions without names, uncompressed, one file per series that is called by the number of the series.
        foreach (string argument in (string[])
            ["-g", "i", "-b", "y", "-ba", "y", "-z", "n", "-d", $"{Depth}", "-f", "%s", "-o", output, Path.GetFullPath(path)])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Start(start);
        // What it says has names of files and folders, so it is read and forgotten.
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            process.WaitForExitAsync(cancellation).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            process.WaitForExit();
            throw;
        }

        return process.ExitCode;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new UsageException(
                "DICOM is read by the program dcm2niix, which was not found: install it (Debian and Ubuntu: apt install dcm2niix; conda: dcm2niix; "
                    + "else github.com/rordenlab/dcm2niix) so that it is on the PATH, or give NIfTI files.",
                exception);
        }
    }

    private static DicomImage ImageOf(string file)
    {
        string sidecar = Path.ChangeExtension(file, ".json");
        return new DicomImage(Path.GetFileNameWithoutExtension(file), File.Exists(sidecar) ? DescriptionIn(sidecar) : "", file);
    }

    private static string DescriptionIn(string sidecar)
    {
        try
        {
            using var facts = JsonDocument.Parse(File.ReadAllBytes(sidecar));
            return facts.RootElement.TryGetProperty("SeriesDescription", out JsonElement text) && text.ValueKind == JsonValueKind.String
                ? text.GetString()!.Trim()
                : "";
        }
        catch (JsonException)
        {
            // What a scanner wrote into it may be no JSON, and the image does not need it.
            return "";
        }
    }

    private static int NumberOf(DicomImage image) =>
        int.TryParse(string.Concat(image.Name.TakeWhile(char.IsAsciiDigit)), out int number) ? number : int.MaxValue;

    // Comments on an image may name a patient, and a prediction keeps its image's texts.
    private static void ClearTexts(string file)
    {
        using FileStream stream = File.Open(file, FileMode.Open, FileAccess.Write);
        foreach ((int start, int length) in Texts)
        {
            stream.Position = start;
            stream.Write(new byte[length]);
        }
    }

    private string Named(DicomImage image, string modality, string? together = null)
    {
        // A folder of its own, in which nothing is in the way.
        string file = Path.Combine(_folder.FullName, "named", $"series-{together ?? image.Name}{(modality.Length > 0 ? "_" : "")}{modality}.nii");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.Move(image.File, file);
        return file;
    }
}
