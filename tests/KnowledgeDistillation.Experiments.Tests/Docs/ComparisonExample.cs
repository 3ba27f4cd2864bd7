using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Tests.Docs;

/// <summary>The program of the package's README; it runs, as it stands there, in the check of the packages.</summary>
internal static class ComparisonExample
{
    public static void Run()
    {
        // Twelve made-up patients of 16³ voxels and small networks: about a minute on two cores.
        var settings = new ExperimentSettings
        {
            PhantomCases = 12,
            PhantomEdge = 16,
            CropEdge = 16,
            BaseWidth = 4,
            Levels = 3,
            Training = new TrainingOptions { Epochs = 10, LearningRate = 5e-3 },
        };
        Experiment experiment = Experiment.OnPhantoms("comparison", settings);
        string[] systems = ["teacher", "u-hved", "kd-net"];
        foreach (string system in systems)
            experiment.Train(system);
        Console.WriteLine(ComparisonTable.Of(experiment.Score(systems)));
    }
}
