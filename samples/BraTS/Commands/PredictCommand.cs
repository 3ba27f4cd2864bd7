using System.CommandLine;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Dicom;
using KnowledgeDistillation.Samples.BraTS.Output;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet predict`: labels for images.</summary>
internal sealed class PredictCommand : ExplainedCommand
{
    private const string SummaryName = "summary.csv";

    private readonly CommandServices _services;
    private readonly Argument<string[]> _images = new("image")
    {
        Description =
            "NIfTI files, or folders: data sets, CASE_0000.nii.gz and so on as nnU-Net names them, CASE_t1ce.nii.gz and so on. "
                + "A folder of DICOM is one case, which dcm2niix reads. Heads are skull-stripped, as in BraTS.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string[]> _models = CommonOptions.Models(
        "The trained network: the --out of its training, a checkpoint in it, or a .zip of export-model. "
            + "Several, or a folder of several trainings, are an ensemble: "
            + "the mean of their probabilities decides.");
    private readonly Option<string> _out = new("--out")
    {
        Description = "A folder, in which each result is named after its case (CASE.nii.gz) or after its image (NAME_seg.nii.gz), beside summary.csv; "
            + "or for one case a file ending in .nii or .nii.gz.",
        HelpName = "folder|file",
        Required = true,
    };
    private readonly Option<string?> _modality = new("--modality") { Description = "The modality of the images, for networks that work with any." };
    private readonly Option<string[]> _series = new("--series")
    {
        Description = "Which series of a folder of DICOM is which modality, for example t1ce=7,flair=4; for a network that sees one modality just 7. "
            + "Needed where there are several; without it they are listed.",
        HelpName = "MODALITY=NUMBER",
        CustomParser = result =>
        {
            string[] series = [.. result.Tokens.SelectMany(token => token.Value.Split(','))];
            if (series.FirstOrDefault(text => text.Length == 0 || text.Any(char.IsWhiteSpace)) is { } wrong)
                result.AddError($"--series must name series by their numbers, for example t1ce=7,flair=4, but '{wrong}' is none.");
            return series;
        },
    };
    private readonly Option<bool> _mirrors = new("--tta")
    {
        Description = "Take the mean over mirror images (test-time augmentation), along the axes that were mirrored in training: 8 times the work.",
    };
    private readonly Option<bool> _probabilities = new("--save-probabilities")
    {
        Description = "Write the probabilities of each class and region, as CASE_NAME.nii.gz in the folder probabilities.",
    };
    private readonly Option<bool> _uncertainty = new("--uncertainty")
    {
        Description = "Write how uncertain each voxel is (CASE_entropy.nii.gz), and how much several networks disagree (CASE_spread.nii.gz), "
            + "in the folder uncertainty.",
    };
    private readonly Option<bool> _largest = new("--largest-component")
    {
        Description = "Keep only the largest part that hangs together of all that is not background.",
    };
    private readonly Option<string[]> _minimumVolumes = new("--min-volume")
    {
        Description = "Replace a region whose volume is below this, for example ET=50mm3 or ET=0.05ml; may be given for several regions. What is too small "
            + "becomes the rest of the region around it (ET becomes necrosis, TC edema, WT background), or what follows a colon: ET=50mm3:background.",
        HelpName = "REGION=VOLUME",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<bool> _noPostProcessing = new("--no-postprocessing")
    {
        Description = "Leave the results as they are, also where 'evaluate --find-postprocessing' has stored with the network what to clean away.",
    };
    private readonly Option<bool> _skipExisting = new("--skip-existing") { Description = "Pass over cases whose results are there already." };
    private readonly Option<bool> _strict =
        new("--strict") { Description = "Refuse images that are far from those of the training, instead of warning." };
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;

    public PredictCommand(CommandServices services)
        : base("predict", "Segments cases.",
            """
            Each result lies on the grid of its images, with the header of the first, and holds the labels of the data that the network has learned from. An image whose voxels, orientation, intensities or background are far from those is segmented with a warning, or refused with --strict. Outside of the crop that the network was trained with, nothing is found. A case that cannot be segmented is reported, and the others are done nevertheless.

            Examples:
              kdnet predict --model runs/kd-net --out segmentations patient1_t1ce.nii.gz patient2_t1ce.nii.gz
              kdnet predict --model runs/kd-net --out patient1_seg.nii.gz patient1_t1ce.nii.gz
              kdnet predict --model runs/teacher --out segmentations BraTS2018
              kdnet predict --model fold-1/kd-net fold-2/kd-net --tta --uncertainty --out segmentations imagesTs
              kdnet predict --model runs/kd-net --min-volume ET=50mm3 --largest-component --out segmentations imagesTs
              kdnet predict --model runs/u-hved --modality flair --out segmentations patient1_flair.nii.gz
              kdnet predict --model runs/kd-net --series 7 --out segmentations folder-of-dicom
            """)
    {
        _services = services;
        _images.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.StartsWith('-')))
                result.AddError($"There is no option '{token.Value}'.");
        });
        _minimumVolumes.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(token => token.Value).Where(text => text.Trim().Length > 0))
            {
                try
                {
                    MinimumVolume.Parse(text);
                }
                catch (FormatException exception)
                {
                    result.AddError($"{_minimumVolumes.Name} is wrong: {exception.Message}.");
                }
            }
        });
        Add(_images);
        Add(_models);
        Add(_out);
        _modality.MustBeModalities();
        Add(_modality);
        Add(_series);
        Add(_mirrors);
        Add(_probabilities);
        Add(_uncertainty);
        Add(_largest);
        Add(_minimumVolumes);
        Add(_noPostProcessing);
        Add(_skipExisting);
        Add(_strict);
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.Add(nameof(ExperimentSettings.Background));
        _settings.Add(nameof(ExperimentSettings.NotANumberIsZero));
        _torch = new TorchOptions(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var device = _torch.Start(parsed, _services);
        (IReadOnlyList<string> models, IReadOnlyList<string> images) = Sort(parsed.GetValue(_models)!, parsed.GetValue(_images) ?? []);
        string output = parsed.GetValue(_out)!;
        Display display = _services.Display;
        // What the modalities of the settings are does not matter for background and NaN.
        var given = _settings.Read(parsed).Preprocessing(ExperimentSettings.Paper.Modalities);
        bool strict = parsed.GetValue(_strict), uncertainty = parsed.GetValue(_uncertainty), probabilities = parsed.GetValue(_probabilities);
        PostProcessingOptions? postProcessing = PostProcessing(parsed);
        using var ensemble = SegmentationEnsemble.Load(models, new PredictionOptions
        {
            Modality = parsed.GetValue(_modality),
            Mirrors = parsed.GetValue(_mirrors),
            Uncertainty = uncertainty,
            PostProcessing = postProcessing,
            Strict = strict,
            Background = given.Background,
            NaNIsZero = given.NaNIsZero,
        }, device);
        using DicomFolder? dicom = ConvertDicom(images, parsed);
        string[] files = [.. images.Where(image => !DicomFolder.IsMeantBy(image)), .. dicom?.Choose(parsed.GetValue(_series) ?? [], ensemble.Modalities) ?? []];
        var inputs = PredictionInputs.Find(files, ensemble);
        IReadOnlyList<string> results = inputs.NameResults(output, images);
        bool isFile = results is [var only] && only == output;
        if (isFile && (uncertainty || probabilities))
            throw new UsageException($"'{output}' is one file, but --save-probabilities and --uncertainty write several: give a folder.");
        foreach (string result in results)
            Outputs.RequireFile(result, _out.Name);
        foreach (string warning in ensemble.Warnings.Concat(inputs.Warnings))
            display.Warn($"Warning: {warning}");
        if (ensemble.Count > 1)
            display.Say($"The mean of {ensemble.Count} networks decides.");

        if (postProcessing is null && !ensemble.PostProcessing.IsNone)
        {
            display.Say($"Cleaned up as was chosen on validation cases: {ensemble.PostProcessing} "
                + $"({_noPostProcessing.Name} leaves the results as they are).");
        }

        IReadOnlyList<PredictionRow> rows = FolderPrediction.Run(ensemble, inputs.Cases, results, new PredictionOutputs
        {
            Probabilities = probabilities,
            Uncertainty = uncertainty,
            SkipExisting = parsed.GetValue(_skipExisting),
            Summary = isFile ? null : Path.Combine(output, SummaryName),
        }, display, strict, _services.Cancellation);
        int failed = rows.Count(row => row.Status == PredictionStatus.Failed);
        if (failed > 0 && rows.Count > 1)
            display.Warn($"{failed} of {rows.Count} cases could not be segmented.");
        return failed > 0 ? ExitCode.Failed : ExitCode.Done;
    }

    // Null for what is stored with the network; what is given replaces all of that.
    private PostProcessingOptions? PostProcessing(ParseResult parsed)
    {
        PostProcessingOptions given = new()
        {
            LargestComponent = parsed.GetValue(_largest),
            MinimumVolumes = [.. (parsed.GetValue(_minimumVolumes) ?? []).Select(MinimumVolume.Parse)],
        };
        if (parsed.GetValue(_noPostProcessing))
        {
            return given.IsNone
                ? given
                : throw new UsageException($"{_noPostProcessing.Name} leaves the results as they are: leave out {_largest.Name} and {_minimumVolumes.Name}.");
        }

        return given.IsNone ? null : given;
    }

    private DicomFolder? ConvertDicom(IReadOnlyList<string> images, ParseResult parsed)
    {
        string[] folders = [.. images.Where(DicomFolder.IsMeantBy)];
        if (folders.Length > 1)
        {
            throw new UsageException($"{folders.Length} folders of DICOM were given, whose results would be named after the same numbers of series: "
                + "segment one at a time, each with an --out of its own.");
        }

        if (images.Any(DicomFolder.IsDicom))
            throw new UsageException("A DICOM file was given, but a file is only a part of an image: give the folder of its series.");
        if (folders.Length == 0)
        {
            return parsed.GetResult(_series) is null ? null
                : throw new UsageException("--series names series of DICOM, but no folder of DICOM was given: leave it out, or give one.");
        }

        var dicom = DicomFolder.Convert(folders[0], _services.Cancellation);
        if (dicom.IsIncomplete)
            _services.Display.Warn("Warning: dcm2niix could not convert all of the DICOM files; look whether the image is whole.");
        return dicom;
    }

    // "--model A B image" takes all three for models, and "--model A --out o image B" takes B for an image: what each is decides.
    private static (IReadOnlyList<string> Models, IReadOnlyList<string> Images) Sort(IReadOnlyList<string> models, IReadOnlyList<string> images)
    {
        string[] others = [.. models.Skip(1).Where(path => !IsMeantAsModel(path))];
        string[] all = [.. others, .. images];
        if (all.Length == 0)
            throw new UsageException("Give the images to segment: NIfTI files, or folders of them.");
        if (Array.Find(all, path => (Directory.Exists(path) || ModelArchive.IsMeantBy(path)) && ModelFolders.Find(path).Count > 0) is { } model)
            throw new UsageException($"'{model}' is a trained network, not an image: give it after --model.");
        return ([.. models.Except(others).SelectMany(Checkpoints.FindAll)], all);
    }

    private static bool IsMeantAsModel(string path) => Directory.Exists(path) ? ModelFolders.Find(path).Count > 0 : !PredictionInputs.IsImageName(path);
}
