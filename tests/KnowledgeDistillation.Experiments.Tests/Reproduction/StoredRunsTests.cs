using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

/// <summary>What an earlier build has stored of the runs of a reproduction is read by this one.</summary>
public sealed class StoredRunsTests : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly TemporaryFolder _folder = new();

    private static string Stored => StoredFiles.At("reproduction");

    public void Dispose() => _folder.Dispose();

    // A figure that got another name is read as 0, and not every one of them is in a table.
    [Fact]
    public void Everything_that_a_stored_run_says_of_itself_is_understood()
    {
        ExperimentSettings settings = ReproductionPresets.Quick with
        {
            PhantomCases = 6,
            PhantomEdge = 16,
            CropEdge = 16,
            Levels = 2,
            BaseWidth = 2,
            Training = new() { Epochs = 2, LearningRate = 2e-3, Precision = Precision.Full, GradientSharesEvery = 5 },
            Folds = 2,
        };
        ReproductionState state = ReproductionStates.Read(settings, "phantoms", new ReproductionPlan(settings, [], []).Runs(), new ReproductionFolder(Stored));

        state.Finished.Select(run => run.Run.Id).Should().BeEquivalentTo(
            from fold in new[] { 1, 2 }
            from row in new[] { "teacher-1-skips", "baseline-1-skips", "kd-net-tuned-1-skips" }
            select $"fold-{fold}/{row}");
        foreach (FinishedRun run in state.Finished)
        {
            string scores = _folder["scores.csv"];
            ScoresCsv.Write(scores, run.Scores);
            File.ReadAllText(scores).Should().Be(File.ReadAllText(Path.Combine(run.Folder, "scores.csv")), run.Run.Id);
            run.History.Should().HaveCount(2).And.OnlyContain(epoch => epoch.Training.Total > 0 && epoch.Validation!.Total > 0 && epoch.Seconds > 0);
            // A single term has all of the gradient.
            if (run.Run.Row == "kd-net-tuned-1-skips")
                run.History[0].GradientShares.Should().ContainKeys("KD", "GT", "KL");
            IsWrittenAs(Path.Combine(run.Folder, "scores.json"), run.Scores);
            IsWrittenAs(Path.Combine(run.Folder, "done.json"), run.Facts);
            run.Facts.Versions.Keys.Should().BeEquivalentTo("kdnet", ".NET", "TorchSharp", "libtorch");
            run.Facts.Machine.Should().Contain("Threads", "1").And.Contain("Device", "cpu");
        }
    }

    private static void IsWrittenAs<T>(string file, T content)
    {
        JsonNode? now = JsonSerializer.SerializeToNode(content, Json), stored = JsonNode.Parse(File.ReadAllText(file));
        JsonNode.DeepEquals(now, stored).Should().BeTrue($"{file} says {stored}, which is now {now}");
    }
}
