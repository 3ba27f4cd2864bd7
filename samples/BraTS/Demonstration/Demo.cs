using System.Globalization;
using KnowledgeDistillation.Experiments;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Output;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS.Demonstration;

/// <summary>The paper in small: teacher, baseline and student are trained on one part of a data set and scored on another.</summary>
/// <param name="Settings">What is trained, and how.</param>
/// <param name="Data">The folder of a data set; null to make phantoms.</param>
internal sealed record Demo(ExperimentSettings Settings, string? Data)
{
    public void Run(DemoFolder folder, Device device, Display display, CancellationToken cancellation)
    {
        ExperimentSettings settings = Data is null ? Settings : Datasets.Describe(Data, Settings);
        string modality = settings.StudentModality;
        foreach (SegmentationSystem system in DemoSystems.All)
            system.Validate(settings, modality, teachers: system.NeedsTeacher ? 1 : 0);
        if (Settings.Folds < 2)
            throw new UsageException("The demo needs a test set: --folds must be at least 2.");
        if (Data is not null)
            display.Say("The settings are small, so expect less than the paper's figures; 'kdnet demo --help' names the paper's settings.");
        Experiment experiment = Data is null
            ? Experiment.OnPhantoms(folder.Path, settings, modality, device, display, cancellation)
            : Experiment.On(folder.Path, Data, settings, modality, device, display);
        display.Say($"{experiment.Split}.");

        foreach ((SegmentationSystem system, int number) in DemoSystems.All.Select((system, index) => (system, index + 1)))
        {
            display.Heading($"{number}. {system.Title}: {system.Summary}");
            experiment.Train(system.Name, cancellation);
        }

        IReadOnlyList<CaseScore> scores = experiment.Score([.. DemoSystems.All.Select(system => system.Name)], cancellation);
        ScoresCsv.Write(folder.Scores, scores);
        bool hasPaper = PaperFigures.AreFor(settings.Data);
        DemoTable.WriteCsv(folder.Summary, scores, hasPaper);
        experiment.WriteReport(folder.Report, scores, cancellation);
        display.Say();
        display.Show(DemoTable.Render(scores, experiment.Split.Test.Count, hasPaper));
        if (hasPaper)
            display.Say($"{PaperFigures.Regions} {PaperFigures.Note}");
        display.Say(PaperFigures.OneSeed);
        display.Say(string.Create(CultureInfo.InvariantCulture,
            $"The student's objective (eq. 5) has λ = {Settings.Lambda}, T = {Settings.Temperature}, α = {Settings.Alpha}; "
            + $"the paper's has λ = 0.75, T = 5, α = 10 (--temperature 5 --alpha 10)."));
    }
}
