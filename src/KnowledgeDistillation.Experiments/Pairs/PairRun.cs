using System.Diagnostics;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>
/// Does one pair: makes its phantoms, trains its networks on them, baseline and students from the same weights, and scores all of them on the phantoms that
/// all pairs share.
/// </summary>
/// <param name="Pair">The pair, counted from 1.</param>
/// <param name="Options">What the study does.</param>
/// <param name="Folder">The folder of the pair.</param>
internal sealed record PairRun(int Pair, PairedStudyOptions Options, PairFolder Folder)
{
    private const string Modality = BraTSModality.T1ce;

    /// <summary>The settings of a pair.</summary>
    public static ExperimentSettings SettingsOf(int pair, PairedStudyOptions options) => options.Settings with
    {
        Seed = options.Settings.Seed + pair,
        PhantomCases = options.TrainingCases + options.ValidationCases,
        Folds = 1,
        Fold = 1,
    };

    /// <summary>Does what is left of it, and brings out what it gave.</summary>
    /// <param name="test">The test phantoms.</param>
    /// <param name="claim">The right to do it.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public void Do(IReadOnlyList<EvaluationCase> test, RunClaim claim, Device device, IExperimentDisplay display, CancellationToken cancellation)
    {
        string working = Folder.Enter(claim.Number);
        ExperimentSettings settings = SettingsOf(Pair, Options);
        MedicalDataset dataset = Datasets.OpenPhantoms(Path.Combine(working, "data"), settings, display, cancellation);
        var cached = PreparedCases.Prepare(dataset.Cases, settings.Preprocessing(BraTSModality.All), Path.Combine(working, "cache"), display, cancellation);
        MedicalCase[] cases = [.. dataset.Cases.OrderBy(item => item.Id, StringComparer.Ordinal)];
        // The test phantoms are others of the same names.
        var split = new CaseSplit(cases[..Options.TrainingCases], cases[Options.TrainingCases..], []);
        List<PairRow> rows = [];
        List<CaseScore> scores = [];
        Dictionary<string, string> histories = [];
        double seconds = 0;
        foreach (PairSystem network in PairSystem.Of(Pair))
        {
            string[] teachers = network.System.NeedsTeacher ? [new TrainingRun(In(PairSystem.Teacher)).BestFolder] : [];
            var training = new NetworkTraining(network.With(settings), network.System, Modality, In(network), teachers);
            training.Run(split, cached, device, display, cancellation);
            var run = new TrainingRun(In(network));
            IReadOnlyList<EpochReport> history = run.ReadHistory();
            var watch = Stopwatch.StartNew();
            using var model = SegmentationModel.Load(run.BestFolder, device);
            IReadOnlyList<CaseScore> own = ModelEvaluation.Score(network.Name, model, test, [ScoringGrid.Training], display, cancellation);
            seconds += history.Sum(epoch => epoch.Seconds) + watch.Elapsed.TotalSeconds;
            scores.AddRange(own);
            histories.Add(network.Name, Path.Combine(run.Folder, "history.csv"));
            rows.AddRange(RowsOf(network, own, history));
        }

        Folder.Publish(working, rows, scores, histories, RunCircumstances.Now(seconds, device), claim);

        string In(PairSystem network) => Path.Combine(working, network.Name);
    }

    private IEnumerable<PairRow> RowsOf(PairSystem network, IReadOnlyList<CaseScore> scores, IReadOnlyList<EpochReport> history)
    {
        (double before, double atEnd) = PairConvergence.Of(history);
        return BraTSRegions.All.Select(region => (region.Name, Scores: scores.Where(score => score.Region.Region == region.Name).ToArray()))
            .Select(part => new PairRow(
                Pair,
                network.Name,
                part.Name,
                part.Scores.Length,
                part.Scores.Average(score => score.Region.Dice),
                part.Scores.Sum(score => score.Region.Overlap.PredictionVoxels),
                part.Scores.Sum(score => score.Region.Overlap.ReferenceVoxels),
                history.Last(epoch => epoch.IsBest).Epoch + 1,
                before,
                atEnd));
    }
}
