using System.Globalization;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>
/// How the intensities of the images are spread that a network has learned from, so that an image of another kind, such as a CT given to a network for MR, is
/// not segmented without a doubt. Normalization makes any image look plausible: its mean is 0 whatever it shows.
/// </summary>
/// <param name="Ranges">
/// For each modality the least and the greatest of each number of an <see cref="IntensityProfile"/> over the training cases that were looked at.
/// </param>
public sealed record TrainingIntensities(IReadOnlyDictionary<string, IReadOnlyList<(double Least, double Greatest)>> Ranges)
{
    // A few cases tell what a modality looks like; all of them would have to be read once more.
    private const int MostCases = 16;

    // Shares of voxels: rounding and interpolation leave a few negative values in MR.
    private const double SomeNegative = 0.001, ManyNegative = 0.05;

    // In standard deviations, beside once the range over the training cases.
    private const double Margin = 0.75;

    // Hounsfield units of air and fat, which no normalized MR reaches.
    private const double ClearlyNegative = -150;

    private const string Prefix = "data.intensities.";

    /// <summary>Measures some of the training cases.</summary>
    /// <param name="training">The training cases.</param>
    /// <param name="modalities">The modalities that the network sees.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public static TrainingIntensities Of(
        IReadOnlyList<MedicalCase> training, IReadOnlyList<string> modalities, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(modalities);
        int step = Math.Max(1, (training.Count + MostCases - 1) / MostCases);
        Dictionary<string, List<IntensityProfile>> profiles = modalities.ToDictionary(name => name, _ => new List<IntensityProfile>());
        for (int i = 0; i < training.Count; i += step)
        {
            cancellation.ThrowIfCancellationRequested();
            MedicalCase item = training[i];
            string[] present = [.. modalities.Where(item.Images.ContainsKey)];
            CaseVolumes volumes = new MedicalCase(item.Id, item.Images, item.Labels).Load(present);
            foreach (string name in present)
                profiles[name].Add(IntensityProfile.Of(volumes.Images[name].Voxels));
        }

        return new(profiles.Where(item => item.Value.Count > 0).ToDictionary(
            item => item.Key,
            item => (IReadOnlyList<(double, double)>)[.. Enumerable.Range(0, IntensityProfile.Numbers).Select(
                number => (item.Value.Min(profile => profile[number]), item.Value.Max(profile => profile[number])))]));
    }

    /// <summary>Those that a checkpoint keeps; empty where it keeps none, as older ones.</summary>
    /// <param name="metadata">The metadata of the checkpoint.</param>
    /// <exception cref="InvalidDataException">They make no sense.</exception>
    public static TrainingIntensities Read(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return new(metadata.Where(fact => fact.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(fact => fact.Key[Prefix.Length..], fact => RangesOf(fact.Key, fact.Value)));
    }

    /// <summary>Those of all that several networks have learned from; only of the modalities of which all say something.</summary>
    internal static TrainingIntensities Over(IReadOnlyList<TrainingIntensities> all) => new(
        all[0].Ranges.Keys.Where(name => all.All(one => one.Ranges.ContainsKey(name))).ToDictionary(
            name => name,
            name => (IReadOnlyList<(double, double)>)[.. Enumerable.Range(0, IntensityProfile.Numbers).Select(
                number => (all.Min(one => one.Ranges[name][number].Least), all.Max(one => one.Ranges[name][number].Greatest)))]));

    /// <summary>The facts for a checkpoint.</summary>
    public IReadOnlyDictionary<string, string> Write() => Ranges.ToDictionary(
        item => Prefix + item.Key,
        item => string.Join(',', item.Value.Select(range => string.Create(CultureInfo.InvariantCulture, $"{range.Least:0.####}..{range.Greatest:0.####}"))));

    /// <summary>In what an image is far from them, as a sentence without its subject; null where it is near.</summary>
    /// <param name="modality">Its modality.</param>
    /// <param name="normalization">How images of the modality are normalized.</param>
    /// <param name="voxels">Its intensities as they are in the file.</param>
    public string? Difference(string modality, Normalization normalization, ReadOnlySpan<float> voxels)
    {
        ArgumentNullException.ThrowIfNull(modality);
        ArgumentNullException.ThrowIfNull(normalization);
        var seen = IntensityProfile.Of(voxels);
        string title = BraTSModality.Title(modality);
        if (!Ranges.TryGetValue(modality, out IReadOnlyList<(double Least, double Greatest)>? known))
        {
            return normalization.ZeroIsBackground && seen.NegativeShare > SomeNegative && seen.Least < ClearlyNegative
                ? string.Create(
                    CultureInfo.InvariantCulture, $"it reaches down to {seen.Least:0}, as a CT does and {title} does not; do not rely on the result.")
                : null;
        }

        if (known[0].Greatest <= SomeNegative && seen.NegativeShare > 10 * SomeNegative)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{100 * seen.NegativeShare:0.#} % of its voxels are negative, as in a CT, but those of {title} that the network has learned from are not; "
                    + $"do not rely on the result.");
        }

        if (known[0].Least > ManyNegative && seen.NegativeShare <= SomeNegative)
            return $"it has no negative values, but the images of {title} that the network has learned from have; do not rely on the result.";
        for (int number = 1; number < IntensityProfile.Numbers; number++)
        {
            (double least, double greatest) = known[number];
            double margin = Margin + (greatest - least);
            if (seen[number] < least - margin || seen[number] > greatest + margin)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"its intensities are spread otherwise than those of {title} that the network has learned from ({IntensityProfile.NameOf(number)} at "
                        + $"{seen[number]:0.0} standard deviations, there {least:0.0} to {greatest:0.0}); "
                        + $"look whether it is {title}, and do not rely on the result.");
            }
        }

        return null;
    }

    private static IReadOnlyList<(double, double)> RangesOf(string name, string text)
    {
        double[] numbers = [.. text.Split(',').SelectMany(range => range.Split(".."))
            .Select(part => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : double.NaN)];
        return numbers.Length == 2 * IntensityProfile.Numbers && Array.TrueForAll(numbers, double.IsFinite)
            ? [.. numbers.Chunk(2).Select(range => (range[0], range[1]))]
            : throw new InvalidDataException($"What the model says of the intensities of its training images makes no sense: '{name}' is '{text}'.");
    }
}
