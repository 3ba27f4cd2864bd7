using System.Diagnostics;
using System.Text.Json.Nodes;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Endurance;

/// <summary>
/// Distillations in processes of their own that are killed at any moment and resumed, until they are done. Each must leave what one that nobody killed leaves,
/// bit by bit.
/// </summary>
internal static class Kills
{
    private const int Epochs = 200;
    private static readonly ExclusiveClasses Labels = new("background", "tumor");

    public static int Run(int fits, int seed)
    {
        string work = Directory.CreateTempSubdirectory("kills-").FullName;
        try
        {
            string whole = Path.Combine(work, "whole");
            long begin = Stopwatch.GetTimestamp();
            using (Process process = Start(whole))
                process.WaitForExit();
            TimeSpan time = Stopwatch.GetElapsedTime(begin);
            var random = new Random(seed);
            int kills = 0, different = 0;
            for (int fit = 1; fit <= fits; fit++)
            {
                string folder = Path.Combine(work, $"{fit}");
                int killed = Finish(folder, time, random);
                kills += killed;
                string[] differences = [.. Differences(whole, folder)];
                different += differences.Length > 0 ? 1 : 0;
                Console.WriteLine($"fit {fit}: killed {killed} times, {(differences.Length == 0 ? "all files equal" : string.Join("; ", differences))}");
                Directory.Delete(folder, recursive: true);
            }

            Console.WriteLine($"{different} of {fits} fits differ after {kills} kills");
            return different == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>What each process does: begins the distillation in the folder, or goes on with it.</summary>
    public static int Train(string folder, int epochs = Epochs)
    {
        using UNet3D teacher = Network(1, "t1", "t1ce"), student = Network(2, "t1ce");
        manual_seed(3);
        using var batch = new Batch(
            new ModalityImages(("t1", randn([2, 1, 8, 8, 8])), ("t1ce", randn([2, 1, 8, 8, 8]))), randint(2, [2, 8, 8, 8], ScalarType.Int64), ["a", "b"]);
        // A critic with an optimizer of its own has a state, too.
        using var objective = new WeightedObjective(
            new LossTerm("KD", 1, new SoftTargetLoss()),
            new LossTerm("GT", 1, new ReferenceLoss()),
            new LossTerm("KL", 0.1, new BottleneckLoss()),
            new LossTerm("holistic", 0.1, new HolisticLoss(Labels, ["t1ce"])));
        var options = new TrainingOptions { Epochs = epochs, OutputFolder = folder, Resume = true, Precision = Precision.Full };
        var batches = new InMemoryBatchSource(batch.Images, batch.Labels, 1, shuffleSeed: 1);
        new DistillationTrainer(student, [new FrozenTeacher(teacher)], Labels, objective, options).Fit(batches, batches);
        return 0;
    }

    /// <summary>Goes on with a fit that ended before its time, and says in what it differs from one that did not.</summary>
    public static IEnumerable<string> ResumeAndCompare(string whole, string folder, int epochs)
    {
        using Process process = Start(folder, $"{epochs}");
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? Differences(whole, folder) : [$"it cannot go on: {error.Split('\n')[0]}"];
    }

    private static UNet3D Network(long seed, params string[] modalities)
    {
        manual_seed(seed);
        return new UNet3D(new UNet3DOptions { Modalities = modalities, OutputChannels = 2, BaseWidth = 4, Levels = 2 });
    }

    private static int Finish(string folder, TimeSpan time, Random random)
    {
        int killed = 0;
        while (true)
        {
            using Process process = Start(folder);
            // Seldom too late, so that most kills come while there is something to lose; and longer with each, so that a busy machine comes to an end, too.
            if (process.WaitForExit(time * (0.1 + (0.5 * random.NextDouble())) * (1 + (killed / 10.0))))
            {
                if (process.ExitCode == 0)
                    return killed;
                throw new InvalidOperationException($"A process ended with {process.ExitCode} that was not killed: {process.StandardError.ReadToEnd()}");
            }

            process.Kill();
            process.WaitForExit();
            killed++;
        }
    }

    private static Process Start(string folder, params string[] epochs) =>
        Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["train", folder, .. epochs]) { RedirectStandardError = true })!;

    private static IEnumerable<string> Differences(string whole, string folder)
    {
        string[] expected = Files(whole), actual = Files(folder);
        foreach (string file in expected.Except(actual))
            yield return $"{file} is missing";
        foreach (string file in actual.Except(expected))
            yield return $"{file} was left behind";
        foreach (string file in expected.Intersect(actual))
        {
            if (!Content(Path.Combine(whole, file)).AsSpan().SequenceEqual(Content(Path.Combine(folder, file))))
                yield return $"{file} differs";
        }

        if (!new TrainingRun(folder).ReadHistory().Select(epoch => epoch.Training.Total)
            .SequenceEqual(new TrainingRun(whole).ReadHistory().Select(epoch => epoch.Training.Total)))
        {
            yield return "history.csv differs";
        }

        SegmentationModel.Load(folder).Dispose();
    }

    private static string[] Files(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file))
            .Where(file => file is not ("writer.lock" or "history.csv")),
    ];

    // But for the seconds that each epoch took, and the checksum that covers them.
    private static byte[] Content(string file)
    {
        if (Path.GetFileName(file) != "training.json")
            return File.ReadAllBytes(file);
        JsonObject state = JsonNode.Parse(File.ReadAllBytes(file))!.AsObject();
        state.Remove("checksum");
        foreach (JsonNode? epoch in state["history"]!.AsArray())
            epoch!.AsObject().Remove("Seconds");
        return System.Text.Encoding.UTF8.GetBytes(state.ToJsonString());
    }
}
