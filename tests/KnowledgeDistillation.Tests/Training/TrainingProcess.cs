using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Seams;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>A training run in a process of its own, which prints a line per step and can be killed.</summary>
internal static class TrainingProcess
{
    public const string Command = "train-in-this-process";

    public const int Epochs = 4;

    /// <summary>What the process does: a distillation with everything that has a state.</summary>
    public static int Run(string[] arguments)
    {
        set_num_threads(1);
        string folder = arguments[0];
        using Batch spheres = Toy.Spheres();
        using ModuleAdapter teacher = Toy.NetworkWithBuffers(seed: 2, dropout: 0, Toy.Modalities);
        using ModuleAdapter student = Toy.NetworkWithBuffers(seed: 1, dropout: 0.2, "faint");
        using var adapter = new AdapterLoss(studentWidth: 4, teacherWidth: 4);
        using var adversary = new AdversarialLoss(channels: 2);
        var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("adapter", 0.1, adapter), new LossTerm("adversary", 0.1, adversary));
        var options = new TrainingOptions { Epochs = Epochs, LearningRate = 1e-2, OutputFolder = folder, Resume = true };
        var progress = new ListProgress(report =>
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Epoch} {report.Step}"));
            // Leaves the other process the time to kill it in mid-epoch.
            Thread.Sleep(20);
        });
        new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective, options)
            .Fit(Toy.Source(spheres, batchSize: 1), Toy.Source(spheres), progress);
        new SegmentationModel(student, Toy.Labels).Save(Path.Combine(folder, "result"));
        return 0;
    }

    /// <summary>Starts the process; with <paramref name="killAt"/> kills it as soon as it prints that line.</summary>
    /// <returns>Its exit code.</returns>
    public static int Start(string folder, string? killAt = null)
    {
        // The same host that runs this process, so that none has to be on the path.
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        var start =
            new ProcessStartInfo(Path.GetFullPath(host), [typeof(TrainingProcess).Assembly.Location, Command, folder]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        while (process.StandardOutput.ReadLine() is string line)
        {
            if (line == killAt)
                process.Kill();
        }

        process.WaitForExit();
        return process.ExitCode;
    }
}
