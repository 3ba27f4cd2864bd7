using System.Globalization;
using KnowledgeDistillation.Experiments;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Output;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS.Demonstration;

/// <summary>The paper in small: teacher, baseline and student are trained on one part of a data set and scored on another.</summary>
/// <param name="Settings">What is trained, and how.</param>
/// <param name="Data">A BraTS folder; null to make phantoms.</param>
/// <param name="Modality">The modality that baseline and student see.</param>
internal sealed record Demo(ExperimentSettings Settings, string? Data, string Modality)
{
    public void Run(DemoFolder folder, Device device, Display display, CancellationToken cancellation)
    {
        foreach (SegmentationSystem system in DemoSystems.All)
            system.Validate(Settings, Modality, teachers: system.NeedsTeacher ? 1 : 0);
        if (Settings.Folds < 2)
            throw new UsageException("The demo needs a test set: --folds must be at least 2.");
        if (Data is not null)
            display.Say("The settings are small, so expect less than the paper's figures; 'kdnet demo --help' names the paper's settings.");
        Experiment experiment = Data is null
            ? Experiment.OnPhantoms(folder.Path, Settings, Modality, device, display, cancellation)
            : Experiment.On(folder.Path, Data, Settings, Modality, device, display);
        display.Say($"{experiment.Split}.");

        foreach ((SegmentationSystem system, int number) in DemoSystems.All.Select((system, index) => (system, index + 1)))
        {
            display.Heading($"{number}. {system.Title}: {system.Summary}");
            experiment.Train(system.Name, cancellation);
        }

        IReadOnlyList<CaseScore> scores = experiment.Score([.. DemoSystems.All.Select(system => system.Name)], cancellation);
        ScoresCsv.Write(folder.Scores, scores);
        DemoTable.WriteCsv(folder.Summary, scores);
        experiment.WriteReport(folder.Report, scores, cancellation);
        display.Say();
        display.Show(DemoTable.Render(scores, experiment.Split.Test.Count));
        display.Say($"{PaperFigures.Regions} {PaperFigures.Note}");
        display.Say(PaperFigures.OneSeed);
        display.Say(string.Create(CultureInfo.InvariantCulture,
            $"The student's objective (eq. 5) has λ = {Settings.Lambda}, T = {Settings.Temperature}, α = {Settings.Alpha}; "
            + $"the paper's has λ = 0.75, T = 5, α = 10 (--temperature 5 --alpha 10)."));
    }
}
