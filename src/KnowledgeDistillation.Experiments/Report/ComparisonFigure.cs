using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>
/// A slice of a case in a row of pictures as in the paper's Figure 2: what the student sees, the reference, and what the networks made of it.
/// </summary>
/// <param name="Title">Which case it is and why it is shown.</param>
/// <param name="Pictures">Captions with PNG files.</param>
internal sealed record ComparisonFigure(string Title, IReadOnlyList<(string Caption, byte[] Png)> Pictures)
{
    /// <summary>Which slices are shown, and their orientation.</summary>
    public const string Note = "Axial slices with most of the reference, on the grid of the networks, front on top, the patient's right on the left.";

    private static readonly string[] Ranks = ["A hard case", "A typical case", "An easy case"];

    /// <summary>Draws the slice with most tumor.</summary>
    /// <param name="title">Which case it is and why it is shown.</param>
    /// <param name="prepared">The case, with a reference.</param>
    /// <param name="modality">What the student sees.</param>
    /// <param name="predictions">Captions with the classes of all voxels of the case.</param>
    public static ComparisonFigure Draw(string title, PreprocessedCase prepared, string modality, IEnumerable<(string Caption, byte[] Classes)> predictions)
    {
        int z = SlicePicture.WithMostTumor(prepared.Classes!, prepared.Size);
        return new ComparisonFigure(title,
        [
            ($"Input ({BraTSModality.Title(modality)})", Picture(null)),
            ("Reference", Picture(prepared.Classes)),
            .. predictions.Select(prediction => (prediction.Caption, Picture(prediction.Classes))),
        ]);

        byte[] Picture(byte[]? classes) => SlicePicture.Draw(prepared.Images[modality], classes, prepared.Size, z);
    }

    /// <summary>A hard, a typical and an easy case by the mean Dice of the last of some networks, so that the choice favors no network.</summary>
    /// <param name="test">The test cases.</param>
    /// <param name="scores">The scores of all networks on them.</param>
    /// <param name="networks">The networks by their titles, at least one.</param>
    /// <param name="modality">The modality that is shown.</param>
    public static IReadOnlyList<ComparisonFigure> Choose(
        IReadOnlyList<CachedCase> test,
        IReadOnlyList<CaseScore> scores,
        IReadOnlyList<(string Title, Func<PreprocessedCase, byte[]> Segment)> networks,
        string modality)
    {
        CachedCase[] ordered = [.. test.OrderBy(item => MeanDice(OfCase(networks[^1].Title, item.Id)))];
        int[] positions = [.. new[] { 1.0 / 6, 0.5, 5.0 / 6 }.Select(share => (int)(share * ordered.Length)).Distinct()];
        return [.. positions.Select(position => DrawCase(ordered[position], positions.Length == 3 ? Ranks[Array.IndexOf(positions, position)] : "A case"))];

        ComparisonFigure DrawCase(CachedCase item, string rank)
        {
            PreprocessedCase prepared = item.Load();
            return Draw(
                TitleOf(rank, item.Id, scores.First(score => score.CaseId == item.Id).Group),
                prepared,
                modality,
                networks.Select(network => (CaptionOf(network.Title, OfCase(network.Title, item.Id)), network.Segment(prepared))));
        }

        IEnumerable<CaseScore> OfCase(string network, string caseId) => scores.Where(score => score.Network == network && score.CaseId == caseId);
    }

    /// <summary>For example "A hard case: Brats18_2013_0_1, low grade".</summary>
    public static string TitleOf(string rank, string caseId, string? group) =>
        $"{rank}: {caseId}{(group switch { null => "", "high" or "low" => $", {group} grade", _ => $", {group}" })}";

    /// <summary>For example "Baseline, mean Dice 71 %".</summary>
    public static string CaptionOf(string network, IEnumerable<CaseScore> ofCase) =>
        FormattableString.Invariant($"{network}, mean Dice {MeanDice(ofCase):0} %");

    /// <summary>The mean over regions in percent.</summary>
    public static double MeanDice(IEnumerable<CaseScore> ofCase) => ofCase.Average(score => 100 * score.Region.Overlap.Dice(EmptyRegionConvention.ScoreOne));
}
