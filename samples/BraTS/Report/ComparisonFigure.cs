using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>One row of the figure: a slice of a case as the student sees it, with its reference, and with what baseline and student made of it.</summary>
/// <param name="Title">Which case it is and why it is shown.</param>
/// <param name="Pictures">Captions with PNG files.</param>
internal sealed record ComparisonFigure(string Title, IReadOnlyList<(string Caption, byte[] Png)> Pictures)
{
    private static readonly string[] Ranks = ["A hard case", "A typical case", "An easy case"];

    /// <summary>A hard, a typical and an easy case by the student's mean Dice, so that the choice flatters nobody.</summary>
    public static IReadOnlyList<ComparisonFigure> Choose(
        IReadOnlyList<CachedCase> test,
        IReadOnlyList<CaseScore> scores,
        SegmentationModel baseline,
        SegmentationModel student,
        string modality)
    {
        CachedCase[] ordered = [.. test.OrderBy(item => MeanDice(scores, SegmentationSystems.KDNet, item.Id))];
        int[] positions = [.. new[] { 1.0 / 6, 0.5, 5.0 / 6 }.Select(share => (int)(share * ordered.Length)).Distinct()];
        return [.. positions.Select(position => Draw(ordered[position], positions.Length == 3 ? Ranks[Array.IndexOf(positions, position)] : "A case"))];

        ComparisonFigure Draw(CachedCase item, string rank)
        {
            PreprocessedCase prepared = item.Load();
            int z = SlicePicture.WithMostTumour(prepared.Classes!, prepared.Size);
            string title = $"{rank}: {item.Id}{(item.Grade == TumourGrade.Unknown ? "" : $", {item.Grade.ToString().ToLowerInvariant()} grade")}";
            return new ComparisonFigure(title,
            [
                ($"Input ({ModalityTitles.Of(modality)})", Picture(null)),
                ("Reference", Picture(prepared.Classes)),
                (Caption(SegmentationSystems.Baseline), Picture(Segment(baseline))),
                (Caption(SegmentationSystems.KDNet), Picture(Segment(student))),
            ]);

            byte[] Picture(byte[]? classes) => SlicePicture.Draw(prepared.Images[modality], classes, prepared.Size, z);

            string Caption(SegmentationSystem system) => FormattableString.Invariant($"{system.Title}, mean Dice {MeanDice(scores, system, item.Id):0} %");

            byte[] Segment(SegmentationModel model)
            {
                using CasePrediction prediction = ModelInference.Segmenter(model).Predict(prepared);
                return prediction.Classes();
            }
        }
    }

    private static double MeanDice(IEnumerable<CaseScore> scores, SegmentationSystem system, string caseId) => scores
        .Where(score => score.Network == system.Title && score.CaseId == caseId)
        .Average(score => 100 * score.Region.Overlap.Dice(EmptyRegionConvention.ScoreOne));
}
