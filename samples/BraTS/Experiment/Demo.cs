using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Evaluation;
using KnowledgeDistillation.Samples.BraTS.Output;
using KnowledgeDistillation.Samples.BraTS.Report;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS.Experiment;

/// <summary>The paper in small: teacher, baseline and student are trained on one part of a data set and scored on another.</summary>
/// <param name="Settings">What is trained how.</param>
/// <param name="Data">A BraTS folder; null to make phantoms.</param>
/// <param name="Modality">The modality that baseline and student see.</param>
internal sealed record Demo(ExperimentSettings Settings, string? Data, string Modality)
{
    public void Run(DemoFolder folder, Device device, Display display, CancellationToken cancellation)
    {
        Settings.ValidatePhantom();
        foreach (SegmentationSystem system in DemoSystems.All)
            Settings.ValidateTraining(system, Modality, teachers: system.NeedsTeacher ? 1 : 0);
        folder.Open(Settings, Data);
        BraTSDataset dataset = OpenData(folder, display, cancellation);
        CaseSplit split = CaseSplit.Of(dataset.Cases, Settings);
        if (split.Test.Count == 0)
            throw new UsageException("The demo needs a test set: --folds must be at least 2.");
        display.Say($"{split}.");
        IReadOnlyDictionary<string, CachedCase> cached =
            PreparedCases.Prepare(dataset.Cases, Settings.Preprocessing(BraTSModality.All), folder.Cache, display, cancellation);

        var histories = new Dictionary<SegmentationSystem, IReadOnlyList<EpochReport>>();
        foreach (SegmentationSystem system in DemoSystems.All)
        {
            display.Heading(Introduce(system));
            string[] teachers = system.NeedsTeacher ? [BestOf(SegmentationSystems.Teacher, folder)] : [];
            histories[system] = new NetworkTraining(Settings, system, Modality, folder.Of(system), teachers)
                .Run(split, cached, device, display, cancellation).History;
        }

        EvaluationCase[] tested = [.. split.Test.Select(item => EvaluationCase.Of(item, cached[item.Id]))];
        CachedCase[] test = [.. split.Test.Select(item => cached[item.Id])];
        Dictionary<SegmentationSystem, SegmentationModel> models = DemoSystems.All.ToDictionary(
            system => system, system => SegmentationModel.Load(BestOf(system, folder), device));
        try
        {
            CaseScore[] scores =
            [
                .. models.SelectMany(model =>
                    ModelEvaluation.Score(model.Key.Title, model.Value, tested, [ScoringGrid.Training], display, cancellation)),
            ];
            ScoresCsv.Write(folder.Scores, scores);
            DemoTable.WriteCsv(folder.Summary, scores);
            new DemoReport
            {
                Settings = Settings,
                Data = Data ?? "Phantom patients",
                Split = split,
                Scores = scores,
                Histories = histories,
                Figures = ComparisonFigure.Choose(test, scores, models[SegmentationSystems.Baseline], models[SegmentationSystems.KDNet], Modality),
                Modality = Modality,
            }.Write(folder.Report);
            display.Say();
            display.Show(DemoTable.Render(scores, test.Length));
            display.Say(PaperFigures.Note);
            display.Say(string.Create(CultureInfo.InvariantCulture,
                $"The student's objective (eq. 5) has λ = {Settings.Lambda}, T = {Settings.Temperature}, α = {Settings.Alpha}; "
                + $"the paper's has λ = 0.75, T = 5, α = 10 (--temperature 5 --alpha 10)."));
        }
        finally
        {
            foreach (SegmentationModel model in models.Values)
                model.Dispose();
        }
    }

    private BraTSDataset OpenData(DemoFolder folder, Display display, CancellationToken cancellation)
    {
        if (Data is null)
            return Datasets.OpenPhantoms(folder.Phantoms, Settings, display, cancellation);
        display.Say("The settings are small, so expect less than the paper's figures; 'kdnet demo --help' names the paper's settings.");
        return BraTSDataset.Open(Data);
    }

    private static string BestOf(SegmentationSystem system, DemoFolder folder) => Path.Combine(folder.Of(system), "best");

    private string Introduce(SegmentationSystem system) => system.Name switch
    {
        "teacher" => "1. The teacher sees all four modalities and learns from the reference.",
        "baseline" => $"2. The baseline sees {BraTSModality.Title(Modality)} only and learns from the reference.",
        _ => $"3. The KD-Net student sees {BraTSModality.Title(Modality)} only and learns from the reference and from the frozen teacher.",
    };
}
