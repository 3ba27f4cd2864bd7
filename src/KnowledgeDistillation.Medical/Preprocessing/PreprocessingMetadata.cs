using System.Globalization;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Stores the preprocessing options in the metadata of a checkpoint (<see cref="Training.TrainingOptions.Metadata"/>), so that images are
/// prepared for prediction as they were in training.
/// </summary>
public static class PreprocessingMetadata
{
    private const string Prefix = "preprocessing.";
    private const string Center = Prefix + "centre";
    private const string Crop = Prefix + "crop";
    private const string Multiple = Prefix + "multiple";
    private const string Factor = Prefix + "subsampling";
    private const string Background = Prefix + "background";
    private const string VoxelSpacing = Prefix + "spacing";
    private const string NaN = Prefix + "nan";
    private const string OfModality = Prefix + "normalization.";

    /// <summary>The options as metadata, except the modalities, which the network records itself.</summary>
    public static IReadOnlyDictionary<string, string> Write(PreprocessingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var facts = new Dictionary<string, string>
        {
            [Center] = options.CropCenter.ToString(),
            [Crop] = options.CropSize is { } size ? string.Create(CultureInfo.InvariantCulture, $"{size.X},{size.Y},{size.Z}") : "none",
            [Multiple] = options.SizeMultiple.ToString(CultureInfo.InvariantCulture),
            [Factor] = options.SubsamplingFactor.ToString(CultureInfo.InvariantCulture),
        };
        if (options.Background is not null)
            facts[Background] = options.Background.ToString();
        if (options.Spacing is { } spacing)
            facts[VoxelSpacing] = spacing.ToText();
        if (options.NaNIsZero)
            facts[NaN] = "0";
        foreach ((string modality, Normalization normalization) in options.Normalizations.Where(item => item.Value != Normalization.ZScoreNonZero))
            facts[OfModality + modality] = normalization.ToString();
        return facts;
    }

    /// <summary>The options that were stored.</summary>
    /// <param name="metadata">The metadata of a checkpoint.</param>
    /// <param name="modalities">The modalities to prepare: those of the network.</param>
    /// <exception cref="InvalidDataException">An entry is missing or makes no sense.</exception>
    public static PreprocessingOptions Read(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<string> modalities)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(modalities);
        var options = new PreprocessingOptions
        {
            Modalities = modalities,
            CropCenter = Enum.TryParse(Fact(Center), out CropCenter center) ? center : throw Senseless(Center),
            CropSize = Fact(Crop) == "none" ? null : Size(),
            SizeMultiple = Number(Multiple, Fact(Multiple)),
            SubsamplingFactor = Number(Factor, Fact(Factor)),
            Background = metadata.ContainsKey(Background) ? BackgroundOf(Fact(Background)) : null,
            NaNIsZero = metadata.ContainsKey(NaN),
            Spacing = metadata.ContainsKey(VoxelSpacing) ? SpacingOf(Fact(VoxelSpacing)) : null,
        };
        string[] normalized = [.. modalities.Select(modality => OfModality + modality).Where(metadata.ContainsKey)];
        if (normalized.Length > 0)
            options = options with { Normalizations = normalized.ToDictionary(name => name[OfModality.Length..], NormalizationOf, StringComparer.Ordinal) };
        try
        {
            options.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"What the model says of how images are prepared makes no sense: {exception.Message}", exception);
        }

        return options;

        string Fact(string name) => metadata.TryGetValue(name, out string? value)
            ? value
            : throw new InvalidDataException(
                $"The model does not say how images are prepared ('{name}' is missing from its metadata): save it with what "
                + $"{nameof(PreprocessingMetadata)}.{nameof(Write)} gives among its metadata.");

        VolumeSize Size() => Fact(Crop).Split(',') is [string x, string y, string z]
            ? new VolumeSize(Number(Crop, x), Number(Crop, y), Number(Crop, z))
            : throw Senseless(Crop);

        Spacing SpacingOf(string text)
        {
            try
            {
                return Spacing.Parse(text);
            }
            catch (FormatException)
            {
                throw Senseless(VoxelSpacing);
            }
        }

        ImageBackground BackgroundOf(string text)
        {
            try
            {
                return ImageBackground.Parse(text);
            }
            catch (FormatException)
            {
                throw Senseless(Background);
            }
        }

        Normalization NormalizationOf(string name)
        {
            try
            {
                return Normalization.Parse(Fact(name));
            }
            catch (FormatException)
            {
                throw Senseless(name);
            }
        }

        int Number(string name, string text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw Senseless(name);

        InvalidDataException Senseless(string name) => new($"What the model says of how images are prepared makes no sense: '{name}' is '{Fact(name)}'.");
    }
}
