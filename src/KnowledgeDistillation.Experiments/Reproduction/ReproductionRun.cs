using System.Diagnostics;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>Does one run of a reproduction: trains a network and scores it on the fold that is left for the test.</summary>
/// <param name="Planned">What to do.</param>
/// <param name="Folder">Where all runs are.</param>
internal sealed record ReproductionRun(PlannedRun Planned, ReproductionFolder Folder)
{
    /// <summary>Does what is left of the run, and publishes its results.</summary>
    /// <param name="prepared">All cases.</param>
    /// <param name="claim">The right to do it.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public void Do(
        PreparedData prepared,
        RunClaim claim,
        Device device,
        IExperimentDisplay display,
        CancellationToken cancellation)
    {
        RunResults results = Folder.Of(Planned.Id);
        results.Begin(Planned);
        string working = results.Enter(claim.Number);
        CaseSplit split = CaseSplit.Of(prepared.Dataset, Planned.Settings);
        var training =
            new NetworkTraining(Planned.Settings, Planned.System, Planned.Modality, working, Planned.Teacher is { } teacher ? [Folder.Of(teacher).Best] : [])
            {
                // The folder may have another path on each machine.
                TeacherNames = Planned.Teacher is { } name ? [name] : [],
            };
        training.Run(split, prepared.Cached, device, display, cancellation);

        var watch = Stopwatch.StartNew();
        using var model = SegmentationModel.Load(new RunResults(working).Best, device);
        IReadOnlyList<CaseScore> scores =
            ModelEvaluation.Score(
                Planned.Row,
                model,
                [.. split.Test.Select(item => ToScore(item, prepared.Cached[item.Id]))],
                Enum.GetValues<ScoringGrid>(),
                display,
                cancellation);
        double trained = training.Stages.Sum(stage => stage.ReadHistory().Sum(epoch => epoch.Seconds));
        RunFacts facts = RunCircumstances.Now(trained + watch.Elapsed.TotalSeconds, device);
        results.Publish(working, scores, facts, claim);
    }

    // A network that works with any modalities is shown the one that is at hand.
    private EvaluationCase ToScore(MedicalCase source, CachedCase cached) => Planned.System.Inputs == SystemInputs.AnyModalities
        ? new EvaluationCase(source, () => cached.Load().Only(Planned.Modality))
        : EvaluationCase.Of(source, cached);
}
