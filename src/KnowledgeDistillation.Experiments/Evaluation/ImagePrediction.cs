using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>Segments single images with a network that needs no more than one modality.</summary>
public sealed class ImagePrediction
{
    private static readonly string[] Endings = [".nii.gz", ".nii", ".hdr.gz", ".hdr", ".img.gz", ".img"];

    private readonly CaseSegmenter _segmenter;
    private readonly Preprocessor _preprocessor;
    private readonly string _modality;
    private readonly LabelMap _labels;
    private readonly TrainingGrids? _grids;

    /// <param name="model">The network.</param>
    /// <param name="modality">The modality of the images; null where the network sees only one.</param>
    /// <param name="background">The value around the head, where it is not that of the training; null for that.</param>
    /// <param name="nanIsZero">Whether voxels that are not a number are background, even if they were not in training.</param>
    /// <exception cref="ExperimentException">The network needs several modalities, or does not know this one.</exception>
    /// <exception cref="InvalidDataException">What the checkpoint says of its data makes no sense.</exception>
    public ImagePrediction(SegmentationModel model, string? modality, ImageBackground? background = null, bool nanIsZero = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        IReadOnlyList<string> known = model.Network.Modalities;
        if (known.Count > 1 && model.Network.NeedsAllModalities)
        {
            throw new ExperimentException($"The network needs {string.Join(", ", known.Select(BraTSModality.Title))}; "
                + "to segment single images, give one that works with a single modality, for example a student or a baseline.");
        }

        if (known.Count > 1 && modality is null)
        {
            throw new ExperimentException(
                $"The network works with any of {string.Join(", ", known.Select(BraTSModality.Title))}: say which one the images are.");
        }

        if (modality is not null && !known.Contains(modality))
        {
            throw new ExperimentException(
                $"The network sees {string.Join(", ", known.Select(BraTSModality.Title))}, but the images are said to be {modality}.");
        }

        _modality = modality ?? known[0];
        _segmenter = new CaseSegmenter(model);
        PreprocessingOptions trained = PreprocessingMetadata.Read(model.Metadata, [_modality]);
        _preprocessor = new Preprocessor(trained with { Background = background ?? trained.Background, NaNIsZero = nanIsZero || trained.NaNIsZero });
        _labels = RunMetadata.LabelsOf(model.Metadata).Map;
        _grids = TrainingGrids.Read(model.Metadata);
    }

    /// <summary>The labels of the data that the network has learned from, with which results are written.</summary>
    public LabelMap Labels => _labels;

    /// <summary>The file for the result of each image.</summary>
    /// <exception cref="ExperimentException">Two results would have one name, or a result the name of an image.</exception>
    public static (string Image, string Result)[] NameResults(IReadOnlyList<string> images, string output)
    {
        bool isFile = Endings.Any(ending => output.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
        if (isFile && images.Count > 1)
            throw new ExperimentException($"'{output}' is one file, but {images.Count} images were given: give a folder.");
        (string Image, string Result)[] work = [.. images.Select(image => (image, isFile ? output : Path.Combine(output, Stem(image) + "_seg.nii.gz")))];
        if (work.GroupBy(item => Path.GetFullPath(item.Result), StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } clash)
        {
            throw new ExperimentException($"The results of {string.Join(" and ", clash.Select(item => $"'{item.Image}'"))} would have the same name, "
                + $"'{clash.First().Result}': segment them in several calls into different folders.");
        }

        HashSet<string> inputs = [.. images.Select(Path.GetFullPath)];
        if (work.FirstOrDefault(item => inputs.Contains(Path.GetFullPath(item.Result))) is { Result: { } own })
            throw new ExperimentException($"The result '{own}' would overwrite an image: choose another folder.");
        return work;
    }

    /// <summary>Segments one image.</summary>
    /// <param name="image">The file of the image.</param>
    /// <param name="result">The file of the result.</param>
    /// <param name="strict">Whether an image is refused that is far from those of the training, or whose background is not 0.</param>
    /// <returns>Why the result may be worth little, as sentences without their subject; none for an image like those of the training.</returns>
    /// <exception cref="IOException">The image cannot be read, or the result not be written.</exception>
    /// <exception cref="InvalidDataException">The image is empty, constant or not finite, or it is refused as <paramref name="strict"/> says.</exception>
    public IReadOnlyList<string> Run(string image, string result, bool strict = false)
    {
        NiftiImage input = NiftiImage.Load(image);
        if (input.FrameCount != 1)
            throw new InvalidDataException($"it holds {input.FrameCount} volumes; one volume is needed.");
        var volumes = new CaseVolumes(new Dictionary<string, Volume<float>> { [_modality] = input.ToVolume() }, null, _labels);
        PreprocessedCase prepared = _preprocessor.Process(Path.GetFileName(image), volumes);
        List<string> doubts = [];
        if (_grids?.Difference(volumes.Grid) is { } difference)
            doubts.Add(difference);
        if (prepared.Backgrounds.TryGetValue(_modality, out float border))
            doubts.Add(BackgroundText.Of(border));
        if (strict && doubts.Count > 0)
            throw new InvalidDataException(string.Join(' ', doubts));
        using CasePrediction prediction = _segmenter.Predict(prepared);
        Volume<int> labels = volumes.Labels.ToLabels(volumes.Grid, prediction.NativeClasses());
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(result))!);
        input.WithVoxels(labels).Save(result);
        return doubts;
    }

    private static string Stem(string image)
    {
        string name = Path.GetFileName(image);
        string? ending = Array.Find(Endings, ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
        return ending is null ? name : name[..^ending.Length];
    }
}
