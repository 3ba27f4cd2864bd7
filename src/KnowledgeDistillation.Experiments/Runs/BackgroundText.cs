using System.Globalization;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>What is said of images whose background is not 0.</summary>
public static class BackgroundText
{
    private const string Cure = "strip the skull, or say what the background is (set Background).";

    /// <summary>For example "the background of T2 is not 0 in 3 of 36 cases (P1: -1.3, P2: -1.2, …), …".</summary>
    /// <param name="modality">The modality.</param>
    /// <param name="images">The cases with the value on the border of their image, at least one.</param>
    /// <param name="cases">The number of all cases.</param>
    public static string Of(string modality, IReadOnlyList<(string Case, float Border)> images, int cases)
    {
        ArgumentNullException.ThrowIfNull(images);
        const int shown = 3;
        string values = string.Join(", ", images.Take(shown).Select(image => string.Create(CultureInfo.InvariantCulture, $"{image.Case}: {image.Border}")));
        return $"the background of {BraTSModality.Title(modality)} is not 0 in {images.Count} of {TrainingText.Cases(cases)} "
            + $"({values}{(images.Count > shown ? ", …" : "")}), so that it counts as tissue in the normalization; {Cure}";
    }

    /// <summary>The same of a single image.</summary>
    public static string Of(float border) => string.Create(
        CultureInfo.InvariantCulture, $"its background is not 0 but {border}, so that it counts as tissue in the normalization; {Cure}");
}
