using System.CommandLine;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Samples.BraTS.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet predict`: labels for images.</summary>
internal sealed class PredictCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly Argument<string[]> _images =
        new("image") { Description = "NIfTI files of the modality that the network sees, skull-stripped as in BraTS.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _model =
        new("--model") { Description = "The trained network: the --out of its training, or a checkpoint in it.", HelpName = "checkpoint", Required = true };
    private readonly Option<string> _out = new("--out")
    {
        Description = "A folder, in which each result is named after its image (NAME_seg.nii.gz), or for one image a file ending in .nii or .nii.gz.",
        HelpName = "folder|file",
        Required = true,
    };
    private readonly Option<string?> _modality = new("--modality") { Description = "The modality of the images, for networks that work with any." };
    private readonly Option<bool> _strict =
        new("--strict") { Description = "Refuse images that are far from those of the training, instead of warning." };
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;

    public PredictCommand(CommandServices services)
        : base("predict", "Segments the tumor in images of one modality.",
            """
            Each result lies on the grid of its image, with its header, and holds the labels of the data that the network has learned from. An image whose voxels, orientation or background are far from those is segmented with a warning, or refused with --strict. Outside of the crop that the network was trained with, nothing is found. An image that cannot be segmented is reported, and the others are done nevertheless.

            Examples:
              kdnet predict --model runs/kd-net --out segmentations patient1_t1ce.nii.gz patient2_t1ce.nii.gz
              kdnet predict --model runs/kd-net --out patient1_seg.nii.gz patient1_t1ce.nii.gz
              kdnet predict --model runs/u-hved --modality flair --out segmentations patient1_flair.nii.gz
            """)
    {
        _services = services;
        _images.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.StartsWith('-')))
                result.AddError($"There is no option '{token.Value}'.");
        });
        Add(_images);
        Add(_model);
        Add(_out);
        _modality.MustBeModalities();
        Add(_modality);
        Add(_strict);
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.Add(nameof(ExperimentSettings.Background));
        _settings.Add(nameof(ExperimentSettings.NotANumberIsZero));
        _torch = new TorchOptions(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var device = _torch.Start(parsed);
        (string Image, string Result)[] work = ImagePrediction.NameResults(parsed.GetValue(_images)!, parsed.GetValue(_out)!);
        foreach ((_, string result) in work)
            Outputs.RequireFile(result, _out.Name);
        using SegmentationModel model = SegmentationModel.Load(Checkpoints.Find(parsed.GetValue(_model)!), device);
        if (parsed.GetValue(_modality) is null && model.Network is { NeedsAllModalities: false, Modalities: { Count: > 1 } known })
            throw new UsageException($"The network works with any of {string.Join(", ", known)}: say with --modality which one the images are.");
        PreprocessingOptions given = _settings.Read(parsed).Preprocessing(model.Network.Modalities);
        var prediction = new ImagePrediction(model, parsed.GetValue(_modality), given.Background, given.NaNIsZero);
        int failed = 0;
        foreach ((string image, string result) in work)
        {
            _services.Cancellation.ThrowIfCancellationRequested();
            try
            {
                foreach (string doubt in prediction.Run(image, result, parsed.GetValue(_strict)))
                    _services.Display.Warn($"Warning: {image}: {doubt}");
                _services.Display.Say($"{image} -> {result}");
            }
            catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                failed++;
                // Most messages name the file already.
                string subject = exception.Message.Contains(image, StringComparison.Ordinal) ? "" : $"{image}: ";
                _services.Display.Warn($"Error: {subject}{exception.Message}");
            }
        }

        if (failed > 0 && work.Length > 1)
            _services.Display.Warn($"{failed} of {work.Length} images could not be segmented.");
        return failed > 0 ? ExitCode.Failed : ExitCode.Done;
    }
}
